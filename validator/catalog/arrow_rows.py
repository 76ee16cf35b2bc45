"""Arrow IPC files, streams and random-access files. Source: `datasets` 4.0.0 `packaged_modules/arrow`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from validator.catalog.json_rows import RawRow
from validator.catalog.schema import Schema
from validator.catalog.survey import Survey
from validator.catalog.table_rows import UNREADABLE, batch_rows, own_schema, survey_tables, table_rows, within
from validator.storage.reading import open_bytes
from validator.storage.remote import is_remote


def survey_arrow(path: Path, schema: Schema | None, kinds: frozenset[str] = frozenset()) -> Survey:
    """Survey an Arrow file. `kinds`: see `Loader`. Raises OSError where it cannot be opened."""
    survey = arrow_head(path, kinds)
    return survey if survey.fixed is None else survey_tables(_tables(path), survey, schema or survey.fixed)


def arrow_head(path: Path, kinds: frozenset[str] = frozenset()) -> Survey:
    """A survey that has read no row. Raises OSError."""
    survey = Survey("arrow")
    with open_bytes(path) as file:
        try:
            survey.fixed = own_schema(_open(file).schema, kinds, survey)
        except UNREADABLE as error:
            survey.refuse(None, None, f"{type(error).__name__}: {error}")
    return survey


def arrow_rows(path: Path, survey: Survey, first: int = 0, stop: int | None = None) -> Iterator[RawRow]:
    """The rows of an Arrow file from row `first` up to `stop` (excluded). A file on this machine is mapped: what is
    passed over is not read.
    """
    return table_rows(within(_tables(path, mapped=not is_remote(str(path))), first, stop), survey, first)


def _open(file: object) -> pa.RecordBatchStreamReader | pa.RecordBatchFileReader:
    try:
        return pa.ipc.open_stream(file)
    except (OSError, pa.ArrowInvalid):
        return pa.ipc.open_file(file)


def _tables(path: Path, *, mapped: bool = False) -> Iterator[pa.Table]:
    """Pieces of all batches, which are whole in memory where the file is not `mapped`: a process that has mapped a file
    dies where another cuts it off meanwhile.
    """
    with pa.memory_map(str(path)) if mapped else open_bytes(path) as file:
        reader = _open(file)
        if isinstance(reader, pa.RecordBatchFileReader):
            batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
        else:
            batches = iter(reader)
        for batch in batches:
            # not nbytes: that follows the offsets, which nobody has validated yet
            rows = batch_rows(batch.num_rows, batch.get_total_buffer_size())
            for start in range(0, max(batch.num_rows, 1), rows):
                yield pa.Table.from_batches([batch.slice(start, rows)])
