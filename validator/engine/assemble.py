"""Puts the results of shards together to the files of a run, in the order of rows, whatever order they were made in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from validator.engine.execution.explained import Cause, told, told_of
from validator.engine.execution.judge import Judge, finish_run
from validator.engine.execution.results import ShardResult
from validator.engine.gate.gate import Tables
from validator.engine.run_files.catalog import Catalog, to_json
from validator.engine.run_files.store import RunFolder, as_json
from validator.engine.run_files.summary import Conclusion, DatasetCounts, Tally
from validator.engine.tables.finding_columns import merged
from validator.facts.budget import Limits
from validator.findings import Finding
from validator.rules.base import Rule


def assemble(
    targets: Mapping[str, Sequence[Path]],
    catalog: Catalog,
    folder: Path,
    rules: Sequence[Rule],
    limits: Limits,
    conclusion_of: Callable[[Tally, Tables], Conclusion],
) -> tuple[Tally, Conclusion]:
    """Write the files of a run folder from the results of shards, given per entry in the order of file and row.

    Returns the tally and the summary. Raises OSError where they cannot be written; then nothing of them is left.
    """
    store = RunFolder(folder)
    tally = Tally()
    try:
        judges = []
        for entry in catalog.entries:
            tally.datasets[entry.name] = DatasetCounts()
            judges.append(judge := Judge(rules, entry, limits))
            for target in targets.get(entry.name, ()):
                _shard(target, store, tally, judge)
        several: dict[str, list[Finding]] = defaultdict(list)
        for finding in finish_run(rules, judges):
            several[finding.dataset].append(finding)
        for judge in judges:
            corpus, causes = judge.finish()
            corpus += told(several[judge.entry.name], causes)
            for batch in merged(_findings(targets.get(judge.entry.name, ()), causes), corpus):
                store.add_findings(batch)
                tally.add_findings(batch)
        store.close_tables()
        concluded = conclusion_of(tally, store.tables)
        store.finish(as_json(to_json(catalog)), concluded.summary, concluded.gate)
    finally:
        store.discard()
    return tally, concluded


def _findings(targets: Sequence[Path], causes: Sequence[Cause]) -> Iterator[pa.RecordBatch]:
    for target in targets:
        result = ShardResult(target)
        yield from (told_of(batch, causes) if causes else batch for batch in result.findings())
        result.close()


def _shard(target: Path, store: RunFolder, tally: Tally, judge: Judge) -> None:
    result = ShardResult(target)
    for batch in result.samples():
        store.add_samples(batch)
    judge.merge(result.aggregates(judge.adapters))
    tally.add_counts(result.tally)
    result.close()
