"""Parquet files. Source: `datasets` 4.0.0 `packaged_modules/parquet`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from validator.catalog.json_rows import RawRow
from validator.catalog.schema import Schema
from validator.catalog.survey import Survey
from validator.catalog.table_rows import ROWS, UNREADABLE, own_schema, survey_tables, table_rows


def survey_parquet(path: Path, schema: Schema | None, kinds: frozenset[str] = frozenset()) -> Survey:
    """Survey a Parquet file. `kinds`: see `Loader`. Raises OSError where it cannot be opened."""
    survey, groups = parquet_head(path, kinds)
    if survey.fixed is None:
        return survey
    if groups[:1] == (0,):
        survey.refuse(None, None, "its first row group has no rows: BatchSize must be greater than 0, got 0")
    return survey_tables(_tables(path), survey, schema or survey.fixed)


def parquet_head(path: Path, kinds: frozenset[str] = frozenset()) -> tuple[Survey, tuple[int, ...]]:
    """A survey that has read no row, and the number of rows in each row group. Raises OSError."""
    survey = Survey("parquet")
    with path.open("rb") as file:
        try:
            with pq.ParquetFile(file) as opened:
                own = own_schema(opened.schema_arrow, kinds, survey)
                groups = opened.metadata
                rows = tuple(groups.row_group(number).num_rows for number in range(groups.num_row_groups))
        except UNREADABLE as error:
            survey.refuse(None, None, f"{type(error).__name__}: {error}")
            return survey, ()
    survey.fixed = own
    return survey, rows


def parquet_rows(path: Path, survey: Survey, first: int = 0) -> Iterator[RawRow]:
    """The rows of a Parquet file, from the row group on that holds row `first`."""
    with path.open("rb") as file:
        try:
            groups = pq.read_metadata(file)
        except (pa.ArrowException, OSError, ValueError):
            return  # the survey has reported it
    before, skipped = 0, 0
    while skipped < groups.num_row_groups and before + groups.row_group(skipped).num_rows <= first:
        before += groups.row_group(skipped).num_rows
        skipped += 1
    yield from table_rows(_tables(path, range(skipped, groups.num_row_groups)), survey, before)


def _tables(path: Path, groups: range | None = None) -> Iterator[pa.Table]:
    with path.open("rb") as file, pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(batch_size=ROWS, row_groups=None if groups is None else list(groups)):
            yield pa.Table.from_batches([batch])
