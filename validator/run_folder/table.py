"""A Parquet file of a finished run, read so that damage to it is one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from validator.run_folder.damage import opened, unusable


class RunTable:
    """An open table of a run folder that has the columns of `schema`; text columns in `dictionaries` come as such.

    Everything here raises UnusableRunError where the file is missing, damaged, or another.
    """

    def __init__(self, path: Path, schema: pa.Schema, dictionaries: Sequence[str] = ()) -> None:
        self._path = path
        with opened(path), self._reading():  # a pipe would never end
            self._file = pq.ParquetFile(path, read_dictionary=list(dictionaries))
        found = self._file.schema_arrow
        if found.names != schema.names or not all(map(_same, found.types, schema.types)):
            self._file.close()
            raise unusable(path, "does not hold the columns that this version of mmvalidate writes")

    def __enter__(self) -> RunTable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, EOFError) as error:
            raise unusable(self._path, f"is damaged ({error})") from None

    @property
    def num_rows(self) -> int:
        """Records of the table."""
        return int(self._file.metadata.num_rows)

    @property
    def names(self) -> list[str]:
        """Its columns."""
        return list(self._file.schema_arrow.names)

    def rows_of_groups(self) -> list[int]:
        """Records of each row group."""
        return [self._file.metadata.row_group(group).num_rows for group in range(self._file.num_row_groups)]

    def group(self, group: int, columns: Sequence[str] | None = None, *, threads: bool = True) -> pa.Table:
        """One row group; `columns`: only these."""
        with self._reading():
            table = self._file.read_row_group(group, columns=columns and list(columns), use_threads=threads)
            _check_texts(table.to_batches())
            return table

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All records; `columns`: only these."""
        with self._reading():
            table = self._file.read(columns=columns and list(columns))
            _check_texts(table.to_batches())
            return table

    def batches(self, columns: Sequence[str], rows: int = 1 << 16) -> Iterator[pa.RecordBatch]:
        """Some columns of all records, `rows` records at a time."""
        with self._reading():
            batches = self._file.iter_batches(rows, columns=list(columns))
        while True:
            with self._reading():
                batch = next(batches, None)
                if batch is not None:
                    _check_texts([batch])
            if batch is None:
                return
            yield batch

    def records(self, columns: Sequence[str], rows: int = 4096) -> Iterator[dict[str, Any]]:
        """Some columns of all records, one by one."""
        for batch in self.batches(columns, rows):
            try:
                listed = batch.to_pylist()
            except UnicodeDecodeError as error:
                raise unusable(self._path, f"is damaged ({error})") from None
            yield from listed


def _check_texts(batches: Iterable[pa.RecordBatch]) -> None:
    """Raise ArrowInvalid where a text is none, in a dictionary too."""
    for batch in batches:
        batch.validate(full=True)
        for column in batch.columns:
            if isinstance(column, pa.DictionaryArray):
                column.dictionary.validate(full=True)


def _same(found: pa.DataType, wanted: pa.DataType) -> bool:
    return bool((found.value_type if pa.types.is_dictionary(found) else found) == wanted)
