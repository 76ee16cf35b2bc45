"""Puts the results of shards together to the files of a run, in the order of rows, whatever order they were made in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pyarrow as pa

from validator.engine.execution.explained import told, told_of
from validator.engine.execution.judge import Judge, finish_run
from validator.engine.execution.results import ShardResult
from validator.engine.execution.rulebook import Rulebooks
from validator.engine.gate.gate import Tables
from validator.engine.run_files.catalog import Catalog, to_json
from validator.engine.run_files.store import RunFolder, as_json
from validator.engine.run_files.summary import Conclusion, DatasetCounts, Tally
from validator.engine.run_files.training import not_loaded
from validator.engine.tables.by_file import by_file
from validator.engine.tables.finding_columns import merged
from validator.facts.budget import Limits
from validator.findings import Finding
from validator.rules.base import Rule
from validator.settings import Settings


def assemble(
    targets: Sequence[Path],
    catalog: Catalog,
    folder: Path,
    rules: Sequence[Rule],
    settings: Settings,
    limits: Limits,
    conclusion_of: Callable[[Tally, Tables], Conclusion],
) -> tuple[Tally, Conclusion]:
    """Write the files of a run folder from the results of shards, given in the order of entry, file and row.

    Returns the tally and the summary. Raises OSError where they cannot be written; then nothing of them is left.
    """
    store = RunFolder(folder)
    tally = Tally()
    try:
        rulebooks = Rulebooks(rules, settings)
        judges = {entry.name: Judge(rulebooks.of(entry.name), entry, limits) for entry in catalog.entries}
        tally.datasets = {name: DatasetCounts() for name in judges}
        for target in targets:
            _counts(target, tally, judges)
        stopped = {name: codes for name, judge in judges.items() if (codes := judge.stopped_by())}
        tally.stop(stopped)
        for target in targets:
            _samples(target, store, stopped)
        several: dict[str, list[Finding]] = defaultdict(list)
        for finding in finish_run(rules, list(judges.values())):
            several[finding.dataset].append(finding)
        of_rows = _OfEntries(targets)
        for name, judge in judges.items():
            corpus, causes = judge.finish()
            corpus += told(several[name], causes)
            found = (told_of(batch, causes) if causes else batch for batch in of_rows.of(name))
            for batch in merged(found, corpus):
                store.add_findings(batch)
                tally.add_findings(batch)
        store.close_tables()
        concluded = conclusion_of(tally, store.tables)
        store.finish(as_json(to_json(catalog)), concluded.summary, concluded.gate)
    finally:
        store.discard()
    return tally, concluded


class _OfEntries:
    """The findings about rows of each entry, to be asked for in the order of the results."""

    def __init__(self, targets: Sequence[Path]) -> None:
        self._groups = groupby(_findings(targets), key=itemgetter(0))
        self._next = next(self._groups, None)

    def of(self, dataset: str) -> Iterator[pa.RecordBatch]:
        if self._next is not None and self._next[0] == dataset:
            yield from (batch for _, batch in self._next[1])
            self._next = next(self._groups, None)


def _findings(targets: Sequence[Path]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Findings about rows, with their entry."""
    for target in targets:
        result = ShardResult(target)
        for batch in result.findings():
            for dataset, parts in groupby(by_file(batch), key=itemgetter(0)):
                stretches = list(parts)
                start, stop = stretches[0][2], stretches[-1][3]
                yield dataset, batch.slice(start, stop - start)
        result.close()


def _counts(target: Path, tally: Tally, judges: Mapping[str, Judge]) -> None:
    result = ShardResult(target)
    result.merge_into(judges)
    tally.add_counts(result.tally)
    result.close()


def _samples(target: Path, store: RunFolder, stopped: Collection[str]) -> None:
    result = ShardResult(target)
    for batch in result.samples():
        store.add_samples(not_loaded(batch, stopped))
    result.close()
