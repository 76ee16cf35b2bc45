"""Arrow IPC files, streams and random-access files. Source: `datasets` 4.0.0 `packaged_modules/arrow`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from validator.catalog.json_rows import RawRow
from validator.catalog.schema import Schema
from validator.catalog.survey import Survey
from validator.catalog.table_rows import ROWS, UNREADABLE, own_schema, survey_tables, table_rows


def survey_arrow(path: Path, schema: Schema | None, kinds: frozenset[str] = frozenset()) -> Survey:
    """Survey an Arrow file. `kinds`: see `Loader`. Raises OSError where it cannot be opened."""
    survey = arrow_head(path, kinds)
    return survey if survey.fixed is None else survey_tables(_tables(path), survey, schema or survey.fixed)


def arrow_head(path: Path, kinds: frozenset[str] = frozenset()) -> Survey:
    """A survey that has read no row. Raises OSError."""
    survey = Survey("arrow")
    with path.open("rb") as file:
        try:
            survey.fixed = own_schema(_open(file).schema, kinds, survey)
        except UNREADABLE as error:
            survey.refuse(None, None, f"{type(error).__name__}: {error}")
    return survey


def arrow_rows(path: Path, survey: Survey) -> Iterator[RawRow]:
    """The rows of an Arrow file, batch by batch."""
    return table_rows(_tables(path), survey)


def _open(file: object) -> pa.RecordBatchStreamReader | pa.RecordBatchFileReader:
    try:
        return pa.ipc.open_stream(file)
    except (OSError, pa.ArrowInvalid):
        return pa.ipc.open_file(file)


def _tables(path: Path) -> Iterator[pa.Table]:
    with path.open("rb") as file:
        reader = _open(file)
        if isinstance(reader, pa.RecordBatchFileReader):
            batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
        else:
            batches = iter(reader)
        for batch in batches:
            for start in range(0, max(batch.num_rows, 1), ROWS):
                yield pa.Table.from_batches([batch.slice(start, ROWS)])
