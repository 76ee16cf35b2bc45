"""Puts the results of shards together to the files of a run, in the order of rows, whatever order they were made in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from validator.engine.judge import Judge
from validator.engine.opened import Catalog, to_json
from validator.engine.results import ShardResult
from validator.engine.store import RunFolder, Spool
from validator.engine.summary import DatasetCounts, Tally
from validator.facts.budget import Limits
from validator.rules.base import EntryFacts, Rule


def assemble(
    targets: Mapping[str, Sequence[Path]],
    catalog: Catalog,
    folder: Path,
    rules: Sequence[Rule],
    limits: Limits,
    summary_of: Callable[[Tally], dict[str, Any]],
) -> tuple[Tally, dict[str, Any]]:
    """Write the files of a run folder from the results of shards, given per entry in the order of file and row.

    Returns the tally and the summary. Raises OSError where they cannot be written; then nothing of them is left.
    """
    store = RunFolder(folder)
    tally = Tally()
    try:
        for entry in catalog.entries:
            _entry(targets.get(entry.name, ()), entry, store, tally, rules, limits)
        store.close_tables()
        summary = summary_of(tally)
        store.finish(as_json(to_json(catalog)), as_json(summary))
    finally:
        store.discard()
    return tally, summary


def as_json(document: Any) -> bytes:
    """A document as it is written: indented, with a line end."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _entry(
    targets: Sequence[Path], entry: EntryFacts, store: RunFolder, tally: Tally, rules: Sequence[Rule], limits: Limits
) -> None:
    tally.datasets[entry.name] = DatasetCounts()
    judge = Judge(rules, entry, limits)
    spool = Spool()
    try:
        for target in targets:
            result = ShardResult(target)
            for batch in result.samples():
                store.add_samples(batch)
            spool.add(result.findings())
            judge.merge(result.aggregates(judge.adapters))
            tally.add(result.tally)
            result.close()
        corpus = judge.finish()
        for finding in corpus:
            tally.add_finding(finding)
        store.add_findings(spool.merged(corpus))
    finally:
        spool.close()
