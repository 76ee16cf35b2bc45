"""Judges rows whose facts were measured earlier: in columns what stays as it is, row by row what does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from validator.engine.execution.judge import Judge, status_of
from validator.engine.execution.kept import Kept
from validator.engine.execution.results import ShardResult
from validator.engine.run_files.training import as_judged
from validator.engine.tables.finding_columns import ROW_GROUP, to_batch
from validator.facts.budget import Limits
from validator.facts.columns import Batch, are_among, has_items, numbers_of, plain_array
from validator.facts.settle import settle
from validator.facts.table import ROW, SAMPLES, from_columns, from_counts, to_row
from validator.run_folder.damage import unusable
from validator.run_folder.table import RunTable


def judge_stored(
    records: Iterator[pa.RecordBatch], source: Path, kept: Kept | None, judge: Judge, limits: Limits
) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """Samples of one file with their findings, as they are under the limits. Findings of rows that are `kept` are not
    made again. Raises UnusableRunError, which names the `source`, where a record is none.
    """
    earlier = None if kept is None else kept.findings()
    for batch in records:
        try:
            keeps = np.zeros(batch.num_rows, bool) if kept is None else kept.rows(batch)
            plain = keeps & ~(has_items(batch["media"]) | has_items(batch["problems"]))
            together = bool(plain.all()) and judge.fold_texts(batch, batch["file"][0].as_py())
            counted = iter(() if together else from_counts(_where(batch, plain)))
            measured = iter(from_columns(_where(batch, ~plain)))
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise unusable(source, f"holds a record that is none ({error})") from None
        anew, found = Batch(SAMPLES, ROW), []
        for stays, is_plain in () if together else zip(keeps.tolist(), plain.tolist(), strict=True):
            if is_plain:
                judge.fold(next(counted))
                continue
            facts = next(measured)
            settle(facts, limits)
            if stays:
                judge.fold(facts)
                continue
            mine = judge.row(facts)
            anew.append(to_row(facts, status_of(facts, mine)))
            found += mine
        samples = _in_order([_where(batch, keeps)], anew.take()) if not keeps.all() else batch
        findings = to_batch(found)
        if kept is not None and earlier is not None:
            rows = numbers_of(batch["row"])
            stay = [kept.of_rows(part, rows[keeps]) for part in earlier.up_to(int(rows[-1]))]
            findings = _in_order(stay, findings)
        yield samples, findings


def _where(batch: pa.RecordBatch, chosen: np.ndarray) -> pa.RecordBatch:
    return batch if chosen.all() else batch.filter(plain_array(chosen.tolist(), pa.bool_()))


def _in_order(parts: list[pa.RecordBatch], last: pa.RecordBatch) -> pa.RecordBatch:
    """Records of several batches in the order of their rows."""
    filled = [part for part in (*parts, last) if part.num_rows]
    if len(filled) < 2:
        return filled[0] if filled else last
    joined = pa.concat_batches(filled)
    rows = numbers_of(joined["row"])
    if np.all(rows[1:] >= rows[:-1]):
        return joined
    return joined.take(plain_array(np.argsort(rows, kind="stable").tolist(), pa.int64()))


class Records:
    """The records of a shard's result, or of a samples.parquet from record `begin` on, taken in their order."""

    def __init__(self, source: Path, begin: int) -> None:
        self.source = source
        self._batches = _batches(source, begin)
        self._rest: pa.RecordBatch | None = None

    def of(self, key: tuple[str, str], rows: tuple[int, int | None]) -> Iterator[pa.RecordBatch]:
        """Those of rows of one file, (dataset, name), from a row up to another (excluded; None: to the file's end).
        Records before them are passed over.
        """
        first, stop = rows
        while (batch := self._rest or next(self._batches, None)) is not None:
            same = are_among(batch["dataset"], key[:1]) & are_among(batch["file"], key[1:])
            numbers = numbers_of(batch["row"])
            end = batch.num_rows if same.all() else int(np.argmin(same))
            within = end if stop is None else min(end, int(np.searchsorted(numbers[:end], stop)))
            start = int(np.searchsorted(numbers[:within], first))
            self._rest = batch.slice(within) if within < batch.num_rows else None
            if start < within:
                yield batch.slice(start, within - start)
            if self._rest is not None:
                return


def _batches(path: Path, begin: int) -> Iterator[pa.RecordBatch]:
    if path.suffix != ".parquet":
        result = ShardResult(path)
        yield from result.samples()
        result.close()
        return
    with RunTable(path, SAMPLES) as table:
        for group in range(begin // ROW_GROUP, len(table.rows_of_groups())):
            records = table.group(group, threads=False)
            whole = records.slice(max(begin - group * ROW_GROUP, 0)).combine_chunks().to_batches()
            yield from map(as_judged, whole)
