"""Text files: every line is a row with one column, `text`. Source: `datasets` 4.0.0 `packaged_modules/text`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa

from validator.catalog.json_rows import RawRow
from validator.catalog.schema import Schema
from validator.catalog.survey import Survey
from validator.catalog.table_rows import survey_tables, table_rows
from validator.storage.reading import open_bytes, open_text

_LINES = 10_000


def survey_text(path: Path, schema: Schema | None) -> Survey:
    """Survey a text file. Raises OSError where it cannot be opened."""
    open_bytes(path).close()
    return survey_tables(_tables(path), Survey("text"), schema)


def text_rows(path: Path, survey: Survey) -> Iterator[RawRow]:
    """The lines of a text file; line ends of all kinds count, and a byte order mark belongs to the text."""
    return table_rows(_tables(path), survey)


def _tables(path: Path) -> Iterator[pa.Table]:
    with open_text(path) as file:
        while lines := [line.rstrip("\n") for line in islice(file, _LINES)]:
            yield pa.table({"text": pa.array(lines, pa.string())})
