"""Places in a data file from which it can be read on, so that parts of it are checked apart from each other.

A mark is the beginning of a row. The stretch from one mark to the next has a digest, by which a part is known again
when the file has grown.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BufferedReader, BytesIO, RawIOBase
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import xxhash

from validator.carried import carried
from validator.catalog.json_rows import BOM, LONG_READS, SPACE, Layout, RawRow, json_rows_of, read_rows, rows_of_lines
from validator.catalog.survey import Checkpoint, Grown, Mark, Survey
from validator.errors import ChangedDataError
from validator.storage.paths import look
from validator.storage.reading import open_bytes

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LEAST_STRETCH = 1 << 16
MOST_MARKS = 1 << 15
_READ = 1 << 22


def digest_file(path: Path) -> str:
    """xxh3_128 of a whole file, in hexadecimal. Raises OSError."""
    return read_again(path, None)[0]


def read_again(path: Path, checkpoint: Checkpoint | None) -> tuple[str, Grown | None]:
    """xxh3_128 of a whole file, in hexadecimal, and whether the bytes before a checkpoint are what they were.

    Raises OSError.
    """
    left = 0 if checkpoint is None else checkpoint.offset
    grown = None
    digest = xxhash.xxh3_128()
    with open_bytes(path) as file:
        while left and (chunk := file.read(min(left, _READ))):
            digest.update(chunk)
            left -= len(chunk)
        if checkpoint is not None and not left and digest.hexdigest() == checkpoint.digest:
            grown = Grown(checkpoint, digest.copy())
        while chunk := file.read(_READ):
            digest.update(chunk)
    return digest.hexdigest(), grown


def mark(path: Path, survey: Survey, grown: Grown | None = None) -> None:
    """Give a surveyed JSON file its marks; other formats are reached by their row number. Raises OSError."""
    checkpoint, survey.checkpoint = survey.checkpoint, None
    if survey.layout not in ("lines", "array", "values"):
        return
    size = look(str(path)).size
    stretch = LEAST_STRETCH
    while size // stretch > MOST_MARKS:
        stretch *= 2
    known = grown.checkpoint.known.marks if grown is not None and grown.checkpoint.stretch == stretch else ()
    places = _line_starts(path, stretch, known) if survey.layout == "lines" else None
    if places is None or places[-1][0] != survey.num_rows:  # several values on a line, or values across lines
        survey.marks = _with_digests(path, _row_starts(path, survey, stretch, size), ())
        return
    survey.marks = _with_digests(path, places, known)
    if checkpoint is not None:
        stay = tuple(place for place in survey.marks[:-1] if place.offset <= checkpoint.offset)
        survey.checkpoint = replace(checkpoint, known=replace(checkpoint.known, marks=stay), stretch=stretch)


def _line_starts(path: Path, stretch: int, known: Sequence[Mark]) -> list[tuple[int, int]]:
    """(row, offset) of the first line of each stretch; last the number of rows and the size. The last of those that are
    known may be the beginning of a stretch that has grown.
    """
    places = [(place.row, place.offset) for place in known]
    row, offset = places.pop() if places else (0, 0)
    with open_bytes(path, LONG_READS) as file:
        file.seek(offset)
        while block := file.read(stretch):
            block += file.readline()
            places.append((row, offset))
            row += sum(map(_is_row, BytesIO(block)))
            offset += len(block)
    return [*places, (row, offset)]


def _is_row(line: bytes) -> bool:
    """Whether a line is more than white space and a byte order mark; a long one is not copied for that."""
    held = line.lstrip(SPACE)
    return bool(held) and not (held.startswith(BOM) and held.rstrip(SPACE) == BOM)


def _row_starts(path: Path, survey: Survey, stretch: int, size: int) -> list[tuple[int, int]]:
    places, row = [(0, 0)], 0
    for raw in read_rows(path, survey.layout):
        if raw.between:
            continue
        if raw.raw[:1] in (b"{", b"[") and raw.offset >= places[-1][1] + stretch:
            places.append((raw.index, raw.offset))  # of other values the offset is not exact
        row = raw.index + 1
    return [*places, (row, size)]


def _with_digests(path: Path, places: Sequence[tuple[int, int]], known: Sequence[Mark]) -> tuple[Mark, ...]:
    marks = list(known[:-1])
    with open_bytes(path) as file:
        for (row, offset), (_, end) in pairwise(places[len(marks) :]):
            file.seek(offset)
            marks.append(Mark(row, offset, xxhash.xxh3_128_hexdigest(file.read(end - offset))))
    return (*marks, Mark(*places[-1], ""))


@carried
@dataclass(frozen=True, slots=True)
class Span:
    """Rows `first` to `stop` (excluded; None: to the end) of a file. `stretches` are the marks between which they are
    read, the last one closing; without any, the file is read from its beginning. `digest` identifies what is read.
    """

    first: int
    stop: int | None
    stretches: tuple[Mark, ...]
    digest: str


def span_of(survey: Survey, first: int, stop: int | None) -> Span:
    """The span of some rows of a surveyed file."""
    marks = survey.marks
    if not marks:
        return Span(first, stop, (), survey.digest)
    last = len(marks) - 1
    left = max(bisect_right(marks, first, key=lambda place: place.row, hi=last) - 1, 0)
    right = last if stop is None else bisect_left(marks, stop, lo=left + 1, hi=last, key=lambda place: place.row)
    joined = "".join(place.digest for place in marks[left:right])
    return Span(first, stop, marks[left : right + 1], xxhash.xxh3_128_hexdigest(joined.encode()))


def read_span(path: Path, layout: Layout, span: Span, *, loader_floats: bool) -> Iterator[RawRow]:
    """The rows in a span's stretches. Raises ChangedDataError where one is not what was marked, and OSError."""
    row, offset = span.stretches[0].row, span.stretches[0].offset
    with open_bytes(path, 0) as file:
        stretches = _Stretches(file, path.name, span.stretches)
        if layout == "lines":
            yield from rows_of_lines(_lines(stretches), row, offset)
            return
        if layout == "array" and offset > 0:
            stretches.ahead, offset = b"[", offset - 1
        reader = BufferedReader(stretches, LEAST_STRETCH)
        if offset == 0 and reader.peek(len(BOM)).startswith(BOM):
            offset = len(reader.read(len(BOM)))
        yield from json_rows_of(reader, layout, index=row, offset=offset, loader_floats=loader_floats)


def _lines(stretches: _Stretches) -> Iterator[bytes]:
    """Lines with their ends. One that is a stretch is that stretch, not a copy of it."""
    rest = b""
    while data := stretches.next():
        for line in BytesIO(rest + data):
            rest = b"" if line.endswith(b"\n") else line
            if not rest:
                yield line
    if rest:
        yield rest


class _Stretches(RawIOBase):
    """The bytes of stretches, each compared with its digest before any of it is handed out; `ahead` comes first."""

    def __init__(self, file: BinaryIO, name: str, marks: Sequence[Mark]) -> None:
        self._file, self._name, self._left = file, name, pairwise(marks)
        self.ahead: bytes | memoryview = b""

    def readable(self) -> bool:
        return True

    def next(self) -> bytes:
        """The bytes of the next stretch that has any, at the end none."""
        for here, there in self._left:
            self._file.seek(here.offset)
            data = self._file.read(there.offset - here.offset)
            if xxhash.xxh3_128_hexdigest(data) != here.digest:
                raise ChangedDataError(f"the file `{self._name}` changed while it was read")
            if data:
                return data
        return b""

    def readinto(self, buffer: WriteableBuffer) -> int:
        if not self.ahead:
            self.ahead = memoryview(self.next())
        view = memoryview(buffer)
        number = min(len(view), len(self.ahead))
        view[:number], self.ahead = self.ahead[:number], self.ahead[number:]
        return number
