"""Parquet files. Source: `datasets` 4.0.0 `packaged_modules/parquet`."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from validator.catalog.json_rows import RawRow
from validator.catalog.left_columns import Deciding, deciding
from validator.catalog.schema import Schema
from validator.catalog.survey import DamagedDataError, Survey
from validator.catalog.table_rows import ROWS, UNREADABLE, batch_rows, own_schema, survey_tables, table_rows, within
from validator.storage.reading import open_bytes

_PIECE = 1 << 20
"""Bytes of a column that are read at a time."""
LARGE = 16 << 20


def survey_parquet(
    path: Path, schema: Schema | None, kinds: frozenset[str] = frozenset(), *, whole: bool = False
) -> Survey:
    """Survey a Parquet file; bytes that decide about no row are left to be read with the rows, unless it is to be read
    `whole`. `kinds`: see `Loader`. Raises OSError where it cannot be opened.
    """
    survey, groups = parquet_head(path, kinds)
    if survey.fixed is None:
        return survey
    if groups[:1] == (0,):
        survey.refuse(None, None, "its first row group has no rows: BatchSize must be greater than 0, got 0")
    wanted = schema or survey.fixed
    some = None if whole or survey.refusals else _deciding(path, wanted)
    if some is None:
        survey_tables(_tables(path), survey, wanted)
        return _naming_row(survey, sum(groups))
    survey_tables(_tables(path, leaves=some.leaves), survey, some.schema)
    if survey.refusals:
        return survey_parquet(path, schema, kinds, whole=True)
    survey.fixed, survey.types, survey.partly = wanted, dict(wanted.types), True
    return survey


def _naming_row(survey: Survey, rows: int) -> Survey:
    """The survey of a file of some `rows`; where it stops among them, the last refusal says at which."""
    last = survey.refusals[-1] if survey.refusals else None
    if last is not None and last.row is None and last.column is None and survey.num_rows < rows:
        survey.refusals[-1] = replace(last, reason=f"row {survey.num_rows} cannot be read: {last.reason}")
    return survey


def _deciding(path: Path, schema: Schema) -> Deciding | None:
    """The leaves that a survey reads; None where it reads all."""
    with open_bytes(path) as file, pq.ParquetFile(file) as opened:
        own, names = opened.schema_arrow, [opened.schema.column(number).path for number in range(len(opened.schema))]
    some = deciding(own, schema)
    if (
        some is None
        or some.of != len(names)
        or len(set(names)) < len(names)
        or any("." in name for name in _names(own))
    ):
        return None  # columns are asked for by names, with dots between them
    return some


def _names(kind: pa.Schema | pa.DataType) -> Iterator[str]:
    for number in range(kind.num_fields if isinstance(kind, pa.DataType) else len(kind)):
        child = kind.field(number)
        yield child.name
        yield from _names(child.type)


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

    Raises DamagedDataError where not all can be read of a file that was surveyed partly.
    """
    ends = list(accumulate(group.num_rows for group in _groups(path)))
    skipped = bisect_right(ends, first)
    begun = min(bisect_left(ends, stop) + 1, len(ends)) if stop is not None else len(ends)
    before = ends[skipped - 1] if skipped else 0
    tables = within(_tables(path, range(skipped, begun)), first - before, None if stop is None else stop - before)
    row = first
    for raw in table_rows(tables, survey, first):
        row = raw.index + 1
        yield raw
    if survey.partly and row < (survey.num_rows if stop is None else min(stop, survey.num_rows)):
        raise DamagedDataError(f"row {row} of the file `{path.name}` cannot be read")


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


def _tables(
    path: Path, groups: range | None = None, leaves: Sequence[int] | None = None, most: int = ROWS
) -> Iterator[pa.Table]:
    """Row groups in batches of at `most` so many rows, all leaves of them or some. A column is read page by page: a
    group of gigabytes is never held in memory. Where a batch cannot be read, its rows come one by one up to the first
    that cannot, which is the same one then whatever the batches.
    """
    read = 0
    with open_bytes(path) as file, pq.ParquetFile(file, pre_buffer=False, buffer_size=_PIECE) as opened:
        some = range(opened.metadata.num_row_groups) if groups is None else groups
        heads = [opened.metadata.row_group(number) for number in some]
        sizes = ((head.num_rows, _bytes_of(head, leaves)) for head in heads)
        rows = min((batch_rows(number, size) for number, size in sizes), default=ROWS)
        names = None if leaves is None else [opened.schema.column(number).path for number in leaves]
        try:
            for batch in opened.iter_batches(batch_size=min(rows, most), row_groups=list(some), columns=names):
                yield pa.Table.from_batches([batch])
                read += batch.num_rows
            return
        except UNREADABLE:
            if min(rows, most) == 1:
                raise
    yield from within(_tables(path, groups, leaves, most=1), read, None)


def _bytes_of(group: pq.RowGroupMetaData, leaves: Sequence[int] | None) -> int:
    """Bytes of a row group, or of some of its leaves."""
    if leaves is None:
        return int(group.total_byte_size)
    return sum(group.column(number).total_uncompressed_size for number in leaves)
