"""The file formats that the trainer reads, by extension. Source: LLaMA-Factory 0.9.5 `extras/constants.py`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from validator.catalog.json_files import json_rows, survey_json
from validator.catalog.json_rows import RawRow
from validator.catalog.schema import Schema
from validator.catalog.survey import Survey

TYPES = {"arrow": "arrow", "csv": "csv", "json": "json", "jsonl": "json", "parquet": "parquet", "txt": "text"}
"""Extension (case counts) -> the loader's name for the format."""

_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}


def file_type(name: str) -> str | None:
    """The loader's name for a file's format, None where the trainer does not accept the extension."""
    return TYPES.get(os.path.splitext(name)[1][1:])


def packed_as(path: Path) -> str | None:
    """The compression that a file's first bytes show: the loader unpacks such files whatever they are called."""
    with path.open("rb") as file:
        head = file.read(8)
    return next((name for magic, name in _PACKED.items() if head.startswith(magic)), None)


def survey_file(path: Path, schema: Schema | None = None) -> Survey:
    """Survey a file of any format; `schema` is the one that an earlier file of the entry has fixed.

    Raises OSError where the file cannot be read.
    """
    before = version_of(path)
    survey = _survey(path, schema)
    survey.version = before
    return survey


def version_of(path: Path) -> tuple[int, ...]:
    """What changes when a file is written to or replaced. Raises OSError where it is gone."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _survey(path: Path, schema: Schema | None) -> Survey:
    kind = file_type(path.name)
    if kind == "parquet":
        from validator.catalog.parquet_rows import survey_parquet

        return survey_parquet(path, schema)
    if kind == "arrow":
        from validator.catalog.arrow_rows import survey_arrow

        return survey_arrow(path, schema)
    if kind == "csv":
        from validator.catalog.csv_rows import survey_csv

        return survey_csv(path, schema)
    if kind == "text":
        from validator.catalog.text_rows import survey_text

        return survey_text(path, schema)
    return survey_json(path, schema)


def file_rows(path: Path, survey: Survey, *, loader_floats: bool = False) -> Iterator[RawRow]:
    """Every raw row of a surveyed file, in file order, with the value that the loader gives to the converter.

    `loader_floats`: see `json_rows.read_rows`. Where the file changes, shrinks or vanishes after it was surveyed, the
    rows that are missing then are `unread`, at least one.
    """
    if survey.tables is not None:
        from validator.catalog.table_rows import table_rows

        yield from table_rows(survey.tables(), survey)
        return
    done, intact = 0, False
    with suppress(OSError):
        if version_of(path) == survey.version:
            for row in _rows(path, survey, loader_floats=loader_floats):
                yield row
                done += not row.between
        intact = version_of(path) == survey.version
    for index in range(done, survey.num_rows if intact else max(survey.num_rows, done + 1)):
        yield RawRow(index, 0, b"", None, "the file changed while it was read", unread=True)


def _rows(path: Path, survey: Survey, *, loader_floats: bool) -> Iterator[RawRow]:
    if survey.layout == "parquet":
        from validator.catalog.parquet_rows import parquet_rows

        return parquet_rows(path, survey)
    if survey.layout == "arrow":
        from validator.catalog.arrow_rows import arrow_rows

        return arrow_rows(path, survey)
    if survey.layout == "csv":
        from validator.catalog.csv_rows import csv_rows

        return csv_rows(path, survey)
    if survey.layout == "text":
        from validator.catalog.text_rows import text_rows

        return text_rows(path, survey)
    return json_rows(path, survey, loader_floats=loader_floats)
