"""Some rows of a data file, however large it is: its first, and where it can be entered there, some of its middle and
end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from validator.catalog.formats import file_type
from validator.catalog.json_rows import BOM, RawRow, json_rows_of, layout_of, rows_of_lines
from validator.catalog.packing import packing_of
from validator.catalog.unpack import DamagedError, UnreadPackedError, beginning
from validator.findings import clip
from validator.json_text import decode
from validator.named_file import open_named

MOST_ROWS = 1000
"""Rows that are looked at, of the beginning and of all pieces together."""
WITH_BYTES = 64
"""The same where rows hold files."""
HEAD = 8 << 20
PIECES, PIECE = 8, 1 << 17
"""Places behind the beginning, and the bytes that are read at each."""


class SampledRow(NamedTuple):
    """A row: where it stands, in words, and its value; of one that cannot be read, why."""

    place: str
    value: Any


@dataclass(frozen=True, slots=True)
class RowSample:
    """Rows that are objects, those that are none or cannot be read, and whether these are all rows of the file."""

    rows: tuple[SampledRow, ...]
    faults: tuple[SampledRow, ...] = ()
    whole: bool = True


def sample_file(path: Path) -> RowSample:
    """Some rows of a data file. Raises ValueError, in one sentence for the user, where it has none that can be read."""
    kind = file_type(path.name)
    try:
        with open_named(path) as file:
            packing = packing_of(path) if kind is not None else None
            if packing is not None:
                head = _unpacked(path, kind, packing)
            else:
                head = b"" if kind in (None, "parquet", "arrow") else file.read(HEAD + 1)
            head, cut = head[:HEAD], len(head) > HEAD
            if kind == "json":
                sampled = _of_json(None if packing else file, head.removeprefix(BOM), cut)
            elif kind in ("csv", "text"):
                sampled = (_of_csv if kind == "csv" else _of_text)(head, cut)
            else:
                sampled = _of_table(path, kind)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnreadableDataError as error:
        raise ValueError(f"{path} {error}.") from None
    if not sampled.rows:
        first = next(iter(sampled.faults), None)
        raise ValueError(
            f"{path} holds no row that can be read" + (f": {first.place}, {first.value}." if first else ".")
        )
    return sampled


class UnreadableDataError(ValueError):
    """A file holds no rows. The message goes on after its name."""


def _unpacked(path: Path, kind: str | None, packing: str) -> bytes:
    """The beginning of what a packed file holds."""
    if kind in ("parquet", "arrow"):
        raise UnreadableDataError(f"is packed ({packing}), and tables are not looked into so: unpack it")
    try:
        return beginning(path, packing, HEAD + 1)
    except UnreadPackedError as error:
        raise UnreadableDataError(str(error)) from None
    except DamagedError as error:
        raise UnreadableDataError(f"cannot be unpacked: {error}") from None


def _of_json(file: BinaryIO | None, head: bytes, cut: bool) -> RowSample:
    layout = layout_of(BytesIO(head))
    if layout == "empty":
        raise UnreadableDataError("is empty")
    if layout == "lines" and cut:
        head = head[: head.rfind(b"\n") + 1]
    given = list(islice(json_rows_of(BytesIO(head), layout), MOST_ROWS))
    stopped = len(given) == MOST_ROWS
    while cut and not stopped and given and given[-1].fault is not None:
        given.pop()  # cut off by us
    if not given and not cut:
        raise UnreadableDataError("holds no row")
    if not given:
        raise UnreadableDataError(f"has a first row of more than {HEAD >> 20} MiB, which is not looked at")
    named = [SampledRow(f"row {row.index:,}", row) for row in given]
    if file is not None and layout == "lines" and (stopped or cut):
        named += _of_pieces(file, given[-1].offset + len(given[-1].raw))
    sampled = _sorted(named, whole=not cut and not stopped)
    if not sampled.rows and not cut:
        try:
            decode(head)
        except ValueError as error:
            raise UnreadableDataError(f"holds no row that can be read: {error}") from None
    return sampled


def _of_pieces(file: BinaryIO, begin: int) -> Iterator[SampledRow]:
    """Rows on lines, at places evenly spread behind the beginning: whole lines of each piece."""
    size = file.seek(0, 2)
    for number in range(PIECES):
        offset = begin + (size - begin) * number // PIECES
        file.seek(offset)
        part, *lines, _ = [*file.read(PIECE).split(b"\n"), b""]
        rows = rows_of_lines((line + b"\n" for line in lines[:-1]), 0, offset + len(part) + 1)
        for row in islice(rows, MOST_ROWS // PIECES):
            yield SampledRow(f"the row at byte {row.offset:,}", row)


def _of_csv(head: bytes, cut: bool) -> RowSample:
    import pandas

    rows: list[SampledRow] = []
    try:
        with pandas.read_csv(BytesIO(head), iterator=True) as reader:
            while len(rows) < MOST_ROWS:
                chunk = reader.get_chunk(MOST_ROWS // 10)
                values = chunk.astype(object).where(chunk.notna(), None).to_dict("records")
                rows += [SampledRow(f"row {len(rows) + place:,}", value) for place, value in enumerate(values)]
    except StopIteration:
        return RowSample(tuple(rows), whole=not cut)
    except (ValueError, OverflowError) as error:  # those of pandas and of text decoding are ValueErrors
        if not (cut and rows):
            raise UnreadableDataError(f"cannot be read as CSV: {_reason(str(error))}") from None
    return RowSample(tuple(rows), whole=False)


def _of_text(head: bytes, cut: bool) -> RowSample:
    try:
        text = decode(head[: head.rfind(b"\n") + 1] if cut else head)
    except ValueError as error:
        raise UnreadableDataError(f"cannot be read: {error}") from None
    lines = text.split("\n", MOST_ROWS)[:MOST_ROWS]
    return RowSample(
        tuple(SampledRow(f"row {number:,}", {"text": line}) for number, line in enumerate(lines) if line.strip()),
        whole=not cut and len(lines) < MOST_ROWS,
    )


def _of_table(path: Path, kind: str | None) -> RowSample:
    if kind == "parquet":
        from validator.catalog.parquet_rows import parquet_head, parquet_rows

        survey, groups = parquet_head(path)
        most, pieces = (WITH_BYTES, 2) if _holds_bytes(survey.fixed) else (MOST_ROWS, PIECES)
        chosen = sorted({number * len(groups) // pieces for number in range(pieces)}) if groups else []
        total: int | None = sum(groups)
        rows: Iterable[RawRow] = (
            row
            for number in chosen
            for row in islice(parquet_rows(path, survey, sum(groups[:number])), most // len(chosen))
        )
    elif kind == "arrow":
        from validator.catalog.arrow_rows import arrow_head, arrow_rows

        survey, total = arrow_head(path), None
        most = WITH_BYTES if _holds_bytes(survey.fixed) else MOST_ROWS
        rows = islice(arrow_rows(path, survey), most)
    else:
        raise UnreadableDataError(f"has a name that LLaMA-Factory does not take for data: it must end in {_ENDINGS}")
    if survey.fixed is None:
        raise UnreadableDataError(f"cannot be read: {_reason(survey.refusals[0].reason)}")
    named = [SampledRow(f"row {row.index:,}", row) for row in rows]
    return _sorted(named, whole=len(named) < most if total is None else len(named) == total)


_ENDINGS = ".jsonl, .json, .parquet, .csv, .arrow or .txt"


def _reason(text: str) -> str:
    """A library's words, for the end of a sentence."""
    return clip(text.strip(), 200).rstrip(".")


def _holds_bytes(schema: Any) -> bool:
    return schema is not None and any("binary" in str(kind) for kind in schema.types.values())


def _sorted(given: Iterable[SampledRow], *, whole: bool) -> RowSample:
    rows: list[SampledRow] = []
    faults: list[SampledRow] = []
    for place, row in given:
        if row.fault is not None:
            faults.append(SampledRow(place, f"{row.fault}"))
        elif isinstance(row.value, dict):
            rows.append(SampledRow(place, row.value))
        else:
            faults.append(SampledRow(place, "the row is not an object"))
    return RowSample(tuple(rows), tuple(faults), whole)
