"""CSV files, read by pandas in pieces of 10,000 rows with its defaults.

Source: `datasets` 4.0.0 `packaged_modules/csv`. Each piece is typed by itself, and the first fixes the
columns: one that holds a word for the first time after 10,000 numbers is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from validator.catalog.json_rows import RawRow
from validator.catalog.schema import Schema
from validator.catalog.survey import Survey
from validator.catalog.table_rows import survey_tables, table_rows
from validator.storage.reading import open_bytes
from validator.storage.remote import is_remote

LOADER_ROWS = 10_000
"""The loader's `chunksize`, in rows."""


def survey_csv(path: Path, schema: Schema | None) -> Survey:
    """Survey a CSV file. Raises OSError where it cannot be opened."""
    open_bytes(path).close()
    return survey_tables(_tables(path), Survey("csv"), schema)


def csv_rows(path: Path, survey: Survey) -> Iterator[RawRow]:
    """The rows of a CSV file."""
    return table_rows(_tables(path), survey)


def _tables(path: Path) -> Iterator[pa.Table]:
    import pandas

    with ExitStack() as stack:
        source = stack.enter_context(open_bytes(path)) if is_remote(str(path)) else path
        for frame in stack.enter_context(pandas.read_csv(source, iterator=True, chunksize=LOADER_ROWS)):
            yield pa.Table.from_pandas(frame)
