"""Rules sorted out by what they are asked about: once for all entries that are judged by the same ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from validator.rules.base import Case, CorpusCheck, Need, RowCheck, Rule
from validator.rules.registry import rules_for
from validator.settings import Settings

Fold = tuple[Callable[[Any, Case], None], str]
Asked = tuple[list[Fold], list[tuple[Rule, RowCheck]]]
"""The folds, by the names of their aggregates, and the checks that some rows go through."""


class Rulebook:
    """The rules by which rows of an entry are judged. `kinds`: the corpus checks, by the names of their aggregates;
    `empty`: an aggregate of each that nothing was put into, for all entries of which that is so; `finishing`: those
    that speak of an entry, with these names.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = {rule.code: rule for rule in rules}
        self._row_rules = [(rule, rule.row) for rule in rules if rule.row is not None]
        corpus_rules = [(rule, rule.corpus) for rule in rules if rule.corpus is not None]
        self.kinds = {rule.aggregate: corpus for rule, corpus in corpus_rules}
        self.empty = {name: corpus.start() for name, corpus in self.kinds.items()}
        self.finishing = [
            (rule, corpus, rule.aggregate) for rule, corpus in corpus_rules if corpus.finish is not CorpusCheck.finish
        ]
        self._asked: dict[tuple[Need, ...], Asked] = {}

    def asked(self, present: tuple[Need, ...]) -> Asked:
        """What is asked about rows that have all this."""
        known = self._asked.get(present)
        if known is None:
            folds = [
                (corpus.fold, name)
                for name, corpus in self.kinds.items()
                if corpus.fold is not None and corpus.needs in present
            ]
            known = folds, [(rule, check) for rule, check in self._row_rules if rule.needs in present]
            self._asked[present] = known
        return known

    def rule(self, code: str) -> Rule | None:
        """A rule as it judges here; None where it does not."""
        return self._rules.get(code)


class Rulebooks:
    """Chosen rules as they judge each entry. Entries without settings of their own share a rulebook."""

    def __init__(self, rules: Sequence[Rule], settings: Settings) -> None:
        self._rules, self._settings = rules, settings
        self._common = Rulebook(rules)

    def of(self, dataset: str) -> Rulebook:
        """The rulebook of an entry."""
        if dataset not in self._settings.per_dataset:
            return self._common
        return Rulebook(rules_for(self._rules, self._settings, dataset))
