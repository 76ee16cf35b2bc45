"""Stretches of records that are of one file, found in columns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from validator.facts.columns import numbers_of


def by_file(batch: pa.RecordBatch) -> Iterator[tuple[str, str | None, int, int]]:
    """(dataset, file, first, stop) of each stretch of records of a batch, which may have any other columns."""
    if not batch.num_rows:
        return
    datasets, files = batch["dataset"], batch["file"]
    changes = _changes(datasets) | _changes(files)
    starts = [0, *(np.flatnonzero(changes) + 1).tolist()]
    for start, stop in zip(starts, [*starts[1:], batch.num_rows], strict=True):
        yield datasets[start].as_py(), files[start].as_py(), start, stop


def _changes(column: pa.Array) -> np.ndarray:
    """Where a value is not the one before."""
    places = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
    codes = numbers_of(places.indices)
    return np.asarray(codes[1:] != codes[:-1])
