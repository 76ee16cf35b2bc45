"""The file formats that the trainer reads, by extension. Source: LLaMA-Factory 0.9.5 `extras/constants.py`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from validator.catalog.json_files import json_rows, survey_json
from validator.catalog.json_rows import RawRow
from validator.catalog.loader import DATASETS_4_0, Loader
from validator.catalog.marks import Span, digest_file, mark, span_of
from validator.catalog.schema import Schema
from validator.catalog.survey import Grown, Survey

TYPES = {"arrow": "arrow", "csv": "csv", "json": "json", "jsonl": "json", "parquet": "parquet", "txt": "text"}
"""Extension (case counts) -> the loader's name for the format."""


def file_type(name: str) -> str | None:
    """The loader's name for a file's format, None where the trainer does not accept the extension."""
    return TYPES.get(os.path.splitext(name)[1][1:])


def survey_file(
    path: Path,
    schema: Schema | None = None,
    digest: str | None = None,
    loader: Loader = DATASETS_4_0,
    grown: Grown | None = None,
    *,
    whole: bool = False,
) -> Survey:
    """Survey a file of any format; `schema` is the one that an earlier file of the entry has fixed, `digest` the file's
    where it is known; `loader` whose reading is reproduced; `grown`: see `json_survey.survey`; `whole`: see
    `parquet_rows.survey_parquet`.

    Raises OSError where the file cannot be read.
    """
    survey = _survey(path, schema, loader, grown, whole=whole)
    survey.digest = digest_file(path) if digest is None else digest
    mark(path, survey, grown)
    return survey


def _survey(path: Path, schema: Schema | None, loader: Loader, grown: Grown | None, *, whole: bool) -> Survey:
    kind = file_type(path.name)
    if kind == "parquet":
        from validator.catalog.parquet_rows import survey_parquet

        return survey_parquet(path, schema, loader.kinds, whole=whole)
    if kind == "arrow":
        from validator.catalog.arrow_rows import survey_arrow

        return survey_arrow(path, schema, loader.kinds)
    if kind == "csv":
        from validator.catalog.csv_rows import survey_csv

        return survey_csv(path, schema)
    if kind == "text":
        from validator.catalog.text_rows import survey_text

        return survey_text(path, schema)
    return survey_json(path, schema, by_value=loader.mixes, grown=grown)


def costly_groups(path: Path, survey: Survey) -> list[range]:
    """Rows of a surveyed file that are read from the first of them on, whichever are wanted, and take long to read."""
    if survey.layout != "parquet" or survey.tables is not None:
        return []
    from validator.catalog.parquet_rows import large_groups

    return large_groups(path)


def file_rows(path: Path, survey: Survey, span: Span | None = None, *, loader_floats: bool = False) -> Iterator[RawRow]:
    """The raw rows of a surveyed file, or of a span of it, with the value that the loader gives to the converter.

    `loader_floats`: see `json_rows.read_rows`. Raises ChangedDataError where the file is no longer what was surveyed,
    DamagedDataError where it cannot be read where its survey did not look.
    """
    span = span or span_of(survey, 0, None)
    for row in _rows_from(path, survey, span, loader_floats):
        if span.stop is not None and row.index >= span.stop:
            return
        if row.index >= span.first and not row.between:  # what belongs to no row was reported by the survey
            yield row


def _rows_from(path: Path, survey: Survey, span: Span, loader_floats: bool) -> Iterator[RawRow]:
    """The rows of a file from somewhere at or before the span's first on."""
    if survey.tables is not None:
        from validator.catalog.table_rows import table_rows

        return table_rows(survey.tables(), survey)
    if survey.layout == "parquet":
        from validator.catalog.parquet_rows import parquet_rows

        return parquet_rows(path, survey, span.first, span.stop)
    if survey.layout == "arrow":
        from validator.catalog.arrow_rows import arrow_rows

        return arrow_rows(path, survey, span.first, span.stop)
    if survey.layout == "csv":
        from validator.catalog.csv_rows import csv_rows

        return csv_rows(path, survey)
    if survey.layout == "text":
        from validator.catalog.text_rows import text_rows

        return text_rows(path, survey)
    return json_rows(path, survey, span, loader_floats=loader_floats)
