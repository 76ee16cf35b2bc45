"""Puts the results of shards together to the files of a run, in the order of rows, whatever order they were made in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from validator.engine.judge import Judge
from validator.engine.results import ShardResult
from validator.engine.store import RunFolder, Spool
from validator.engine.summary import DatasetCounts, Tally
from validator.facts.budget import Limits
from validator.rules.base import EntryFacts, Rule


class Assembler:
    """Takes shards in the order of dataset, file and row, then closes the entry."""

    def __init__(self, store: RunFolder, rules: Sequence[Rule], limits: Limits) -> None:
        self.tally = Tally()
        self._store, self._rules, self._limits = store, rules, limits
        self._judge: Judge | None = None
        self._spool: Spool | None = None

    def begin(self, entry: EntryFacts) -> None:
        """The next entry."""
        self.tally.datasets[entry.name] = DatasetCounts()
        self._judge = Judge(self._rules, entry, self._limits)
        self._spool = Spool()

    def add(self, path: Path) -> None:
        """The result of the next shard of the entry. Raises OSError or ValueError where it is gone or damaged."""
        assert self._judge is not None and self._spool is not None
        result = ShardResult(path)
        for batch in result.samples():
            self._store.add_samples(batch)
        self._spool.add(result.findings())
        self._judge.merge(result.aggregates(self._judge.adapters))
        self.tally.add(result.tally)
        result.close()

    def end(self) -> None:
        """Close the entry: its corpus rules speak."""
        assert self._judge is not None and self._spool is not None
        corpus = self._judge.finish()
        for finding in corpus:
            self.tally.add_finding(finding)
        self._store.add_findings(self._spool.merged(corpus))
        self._spool.close()
        self._spool = None

    def close(self) -> None:
        """Drop what is open."""
        if self._spool is not None:
            self._spool.close()
