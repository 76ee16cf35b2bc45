"""Places in a data file from which it can be read on, so that parts of it are checked apart from each other.

A mark is the beginning of a row. The stretch from one mark to the next has a digest, by which a part is known again
when the file has grown.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import xxhash

from validator.catalog.json_rows import BOM, SPACE, Layout, RawRow, json_rows_of, read_rows
from validator.catalog.survey import Mark, Survey
from validator.files import ChangedError

LEAST_STRETCH = 1 << 16
MOST_MARKS = 1 << 15
_READ = 1 << 22


def digest_file(path: Path) -> str:
    """xxh3_128 of a whole file, in hexadecimal. Raises OSError."""
    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        while chunk := file.read(_READ):
            digest.update(chunk)
    return digest.hexdigest()


def mark(path: Path, survey: Survey) -> None:
    """Give a surveyed JSON file its marks; other formats are reached by their row number. Raises OSError."""
    if survey.layout not in ("lines", "array", "values"):
        return
    size = path.stat().st_size
    stretch = LEAST_STRETCH
    while size // stretch > MOST_MARKS:
        stretch *= 2
    places = _line_starts(path, stretch) if survey.layout == "lines" else None
    if places is None or places[-1][0] != survey.num_rows:  # several values on a line, or values across lines
        places = _row_starts(path, survey, stretch, size)
    survey.marks = _with_digests(path, places)


def _line_starts(path: Path, stretch: int) -> list[tuple[int, int]]:
    """(row, offset) of the first line of each stretch; last the number of rows and the size."""
    places = []
    row = offset = 0
    with path.open("rb") as file:
        while block := file.read(stretch):
            block += file.readline()
            places.append((row, offset))
            row += sum(1 for line in block.split(b"\n") if line.strip(SPACE) not in (b"", BOM))
            offset += len(block)
    return [*places, (row, offset)]


def _row_starts(path: Path, survey: Survey, stretch: int, size: int) -> list[tuple[int, int]]:
    places, row = [(0, 0)], 0
    for raw in read_rows(path, survey.layout):
        if raw.between:
            continue
        if raw.raw[:1] in (b"{", b"[") and raw.offset >= places[-1][1] + stretch:
            places.append((raw.index, raw.offset))  # of other values the offset is not exact
        row = raw.index + 1
    return [*places, (row, size)]


def _with_digests(path: Path, places: Sequence[tuple[int, int]]) -> tuple[Mark, ...]:
    marks = []
    with path.open("rb") as file:
        for (row, offset), (_, end) in pairwise(places):
            file.seek(offset)
            marks.append(Mark(row, offset, xxhash.xxh3_128_hexdigest(file.read(end - offset))))
    return (*marks, Mark(*places[-1], ""))


@dataclass(frozen=True, slots=True)
class Span:
    """Rows `first` to `stop` (excluded; None: to the end) of a file. `stretches` are the marks between which they are
    read, the last one closing; without any, the file is read from its beginning. `digest` identifies what is read.
    """

    first: int
    stop: int | None
    stretches: tuple[Mark, ...]
    digest: str

    def read(self, path: Path) -> bytes:
        """The bytes of the stretches. Raises ChangedError where they are not those that were marked, and OSError."""
        begin, end = self.stretches[0].offset, self.stretches[-1].offset
        with path.open("rb") as file:
            file.seek(begin)
            data = file.read(end - begin)
        for here, there in pairwise(self.stretches):
            if xxhash.xxh3_128_hexdigest(data[here.offset - begin : there.offset - begin]) != here.digest:
                raise ChangedError(f"the file `{path.name}` changed while it was read")
        return data


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


def read_span(data: bytes, layout: Layout, span: Span, *, loader_floats: bool) -> Iterator[RawRow]:
    """The rows in the bytes of a span's stretches."""
    row, offset = span.stretches[0].row, span.stretches[0].offset
    if layout == "array" and offset > 0:
        data, offset = b"[" + data, offset - 1
    elif layout != "lines" and offset == 0 and data.startswith(BOM):
        data, offset = data[len(BOM) :], len(BOM)
    return json_rows_of(BytesIO(data), layout, index=row, offset=offset, loader_floats=loader_floats)
