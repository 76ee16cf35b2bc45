"""Parquet files. Source: `datasets` 4.0.0 `packaged_modules/parquet`."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate, pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from validator.catalog.json_rows import RawRow
from validator.catalog.schema import Schema
from validator.catalog.survey import Survey
from validator.catalog.table_rows import ROWS, UNREADABLE, batch_rows, own_schema, survey_tables, table_rows, within
from validator.storage.reading import open_bytes

_PIECE = 1 << 20
"""Bytes of a column that are read at a time."""
LARGE = 16 << 20


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
    with open_bytes(path) as file:
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


def parquet_rows(path: Path, survey: Survey, first: int = 0, stop: int | None = None) -> Iterator[RawRow]:
    """The rows of a Parquet file from row `first` up to `stop` (excluded): the row groups that hold them are read, and
    what stands before them in the first of these is passed over as columns.
    """
    ends = list(accumulate(group.num_rows for group in _groups(path)))
    skipped = bisect_right(ends, first)
    begun = min(bisect_left(ends, stop) + 1, len(ends)) if stop is not None else len(ends)
    before = ends[skipped - 1] if skipped else 0
    tables = within(_tables(path, range(skipped, begun)), first - before, None if stop is None else stop - before)
    yield from table_rows(tables, survey, first)


def large_groups(path: Path) -> list[range]:
    """The rows of each row group of more than LARGE bytes."""
    groups = _groups(path)
    ends = [0, *accumulate(group.num_rows for group in groups)]
    return [
        range(first, stop)
        for group, (first, stop) in zip(groups, pairwise(ends), strict=True)
        if group.total_byte_size > LARGE
    ]


def _groups(path: Path) -> list[pq.RowGroupMetaData]:
    try:
        with open_bytes(path) as file:
            found = pq.read_metadata(file)
    except (pa.ArrowException, OSError, ValueError):
        return []  # the survey has reported it
    return [found.row_group(number) for number in range(found.num_row_groups)]


def _tables(path: Path, groups: range | None = None) -> Iterator[pa.Table]:
    """Row groups in batches. A column is read page by page: a group of gigabytes is never held in memory."""
    with open_bytes(path) as file, pq.ParquetFile(file, pre_buffer=False, buffer_size=_PIECE) as opened:
        some = range(opened.metadata.num_row_groups) if groups is None else groups
        heads = (opened.metadata.row_group(number) for number in some)
        rows = min((batch_rows(head.num_rows, head.total_byte_size) for head in heads), default=ROWS)
        for batch in opened.iter_batches(batch_size=rows, row_groups=list(some)):
            yield pa.Table.from_batches([batch])
