"""Puts facts before the rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from validator.facts.budget import Limits
from validator.facts.record import RowFacts
from validator.findings import Finding, printable
from validator.rules.base import Case, EntryFacts, Hit, Rule
from validator.settings import Settings


class Judge:
    """Judges the rows of one entry by the chosen rules; corpus rules speak when the entry is finished."""

    def __init__(self, rules: Sequence[Rule], entry: EntryFacts, limits: Limits) -> None:
        self._entry = entry
        self._limits = limits
        self._row_rules = [(rule, rule.row) for rule in rules if rule.row is not None]
        self._corpus_rules = [(rule, rule.corpus) for rule in rules if rule.corpus is not None]
        self._aggregates: list[Any] = [corpus.start() for _, corpus in self._corpus_rules]

    def row(self, facts: RowFacts) -> list[Finding]:
        """The findings of the row rules about one row, in order."""
        settings: Settings = self._entry.settings
        place = self._entry.order.place(facts.file, facts.row)
        case = Case(facts, facts.budget, settings, self._limits, facts.row if place is None else place)
        for (_, corpus), aggregate in zip(self._corpus_rules, self._aggregates, strict=True):
            if corpus.fold is not None:
                corpus.fold(aggregate, case)
        findings = [
            finding_of(rule, hit, facts.dataset, facts.file, facts.row, facts.sample_id)
            for rule, check in self._row_rules
            for hit in check(case)
        ]
        return sorted(findings, key=Finding.order)

    def finish(self) -> list[Finding]:
        """The findings of the corpus rules about the whole entry, in order."""
        findings = [
            finding_of(rule, hit, self._entry.name, hit.file, hit.row, hit.sample_id)
            for (rule, corpus), aggregate in zip(self._corpus_rules, self._aggregates, strict=True)
            for hit in corpus.finish(aggregate, self._entry)
        ]
        return sorted(findings, key=Finding.order)


def status_of(facts: RowFacts, findings: Iterable[Finding]) -> str:
    """The row's status: dropped, unchecked, flagged (an error finding, a crash of the trainer), or ok."""
    if facts.outcome == "dropped":
        return "dropped"
    if facts.outcome == "crash" or facts.refused or any(finding.severity == "error" for finding in findings):
        return "flagged"
    return "unchecked" if facts.outcome == "unchecked" else "ok"


def finding_of(rule: Rule, hit: Hit, dataset: str, file: str | None, row: int | None, sample_id: str | None) -> Finding:
    """The finding that a rule's hit becomes."""
    return Finding(
        rule.code,
        rule.name,
        rule.severity,
        dataset,
        file,
        row,
        sample_id,
        hit.turn,
        hit.media_index,
        printable(hit.message),
        printable(hit.help),
        hit.evidence,
    )
