"""What the duplicate rules share: hashes of what each row of an entry asks and answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from validator.facts.columns import hashes_of
from validator.facts.texts import Texts
from validator.rules.alike import ALL, Groups
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit

_APART = re.compile(r"[^a-z]+")

_EVALUATION = frozenset(("eval", "evaluation", "val", "valid", "validation", "test", "dev", "holdout", "benchmark"))


@dataclass(slots=True)
class DuplicateHashes:
    """Rows that the trainer keeps, by what they ask and answer, by what they ask (marked with the answer), and by what
    they answer.
    """

    rows: int = 0
    pairs: Groups = field(default_factory=Groups)
    prompts: Groups = field(default_factory=lambda: Groups(marked=True))
    answers: Groups = field(default_factory=Groups)


def _fold(seen: DuplicateHashes, case: Case) -> None:
    facts = case.facts
    if facts.outcome == "ok" and facts.asked and facts.answered:
        asked, answered = int(facts.asked, 16), int(facts.answered, 16)
        seen.rows += 1
        seen.pairs.add(asked ^ ((answered * _ODD) & ALL), facts)
        seen.prompts.add(asked, facts, answered)
        seen.answers.add(answered, facts)


def _fold_texts(seen: DuplicateHashes, texts: Texts) -> None:
    asked, has_asked = hashes_of(texts.records["asked"])
    answered, has_answered = hashes_of(texts.records["answered"])
    chosen = texts.are("outcome", "ok") & has_asked & has_answered
    asked, answered, rows = asked[chosen], answered[chosen], texts.numbers("row")[chosen]
    seen.rows += len(rows)
    seen.pairs.add_all(asked ^ (answered * np.uint64(_ODD)), texts.file, rows)
    seen.prompts.add_all(asked, texts.file, rows, answered)
    seen.answers.add_all(answered, texts.file, rows)


_ODD = 0x9E3779B97F4A7C15
"""Multiplying by an odd number keeps 64 bits apart, and keeps equal hashes from cancelling out."""


def _merge(left: DuplicateHashes, right: DuplicateHashes) -> DuplicateHashes:
    return DuplicateHashes(
        left.rows + right.rows,
        left.pairs.merge(right.pairs),
        left.prompts.merge(right.prompts),
        left.answers.merge(right.answers),
    )


def of_entry(finish: Callable[[DuplicateHashes, EntryFacts], Iterator[Hit]]) -> CorpusCheck:
    """A check of one entry on this aggregate."""
    return CorpusCheck(finish, DuplicateHashes, _fold, _merge, shared="seen", fold_texts=_fold_texts)


def of_run(finish_run: Callable[[Sequence[tuple[EntryFacts, DuplicateHashes]]], Iterator[Hit]]) -> CorpusCheck:
    """A check of all entries together on this aggregate."""
    return CorpusCheck(
        start=DuplicateHashes, fold=_fold, merge=_merge, shared="seen", finish_run=finish_run, fold_texts=_fold_texts
    )


def is_evaluation(entry: EntryFacts) -> bool:
    """Whether an entry is meant for evaluation, by a word of its name."""
    return not _EVALUATION.isdisjoint(_APART.split(entry.name.lower()))
