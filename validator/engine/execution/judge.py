"""Puts facts before the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import pyarrow as pa

from validator.conversation.sample import PLACEHOLDERS
from validator.engine.execution.explained import Cause, told
from validator.engine.execution.rulebook import Asked, Fold, Rulebook
from validator.facts.budget import Limits
from validator.facts.columns import numbers_of
from validator.facts.record import RowFacts
from validator.facts.texts import Texts
from validator.findings import Finding, printable
from validator.rules.base import Case, EntryFacts, Hit, Need, Rule
from validator.rules.wording import ANSWERS

_PLACES = {kind: place for place, kind in enumerate(PLACEHOLDERS)}


class _Aggregates(dict[str, Any]):
    """The aggregates of an entry by name, each begun when something is put into it: most entries never have most."""

    def __init__(self, rulebook: Rulebook) -> None:
        super().__init__()
        self._rulebook = rulebook

    def __missing__(self, name: str) -> Any:
        begun = self[name] = self._rulebook.kinds[name].start()
        return begun

    def seen(self, name: str) -> Any:
        """One that nothing will be put into."""
        found = self.get(name, self)
        return self._rulebook.empty[name] if found is self else found


class Judge:
    """Judges the rows of one entry by its rules; corpus rules speak when the entry is finished."""

    def __init__(self, rulebook: Rulebook, entry: EntryFacts, limits: Limits) -> None:
        self._rulebook, self._entry, self._limits = rulebook, entry, limits
        self._settings = entry.settings
        self.aggregates = _Aggregates(rulebook)

    def row(self, facts: RowFacts) -> list[Finding]:
        """The findings of the row rules about one row, in order; corpus rules take note of it."""
        folds, checks = self._asked_of(facts)
        case = self._folded(facts, folds)
        findings = [
            finding_of(rule, hit, facts.dataset, facts.file, facts.row, facts.sample_id)
            for rule, check in checks
            for hit in check(case)
        ]
        return sorted(findings, key=Finding.order) if len(findings) > 1 else findings

    def hits(self, facts: RowFacts) -> Iterator[tuple[Rule, Hit]]:
        """What the row rules say of one row, in no order; corpus rules take no note of it."""
        case = self._case(facts)
        return ((rule, hit) for rule, check in self._asked_of(facts)[1] for hit in check(case))

    def fold(self, facts: RowFacts) -> None:
        """Have the corpus rules take note of a row; rows come in order."""
        self._folded(facts, self._asked_of(facts)[0])

    def _folded(self, facts: RowFacts, folds: Iterable[Fold]) -> Case:
        case = self._case(facts)
        for fold, name in folds:
            fold(self.aggregates[name], case)
        return case

    def fold_texts(self, records: pa.RecordBatch, file: str) -> bool:
        """Have the corpus rules take note of rows of a file that have neither media nor problems; False where some rule
        must see them one by one.
        """
        kinds = self._rulebook.kinds.items()
        checks = [(name, corpus) for name, corpus in kinds if corpus.fold and corpus.needs == "nothing"]
        if any(corpus.fold_texts is None for _, corpus in checks):
            return False
        texts = Texts(records, file, self._entry.order.places(file, numbers_of(records["row"])), self._settings)
        for name, corpus in checks:
            assert corpus.fold_texts is not None
            corpus.fold_texts(self.aggregates[name], texts)
        return True

    def _case(self, facts: RowFacts) -> Case:
        place = self._entry.order.place(facts.file, facts.row)
        return Case(facts, facts.budget, self._settings, self._limits, facts.row if place is None else place)

    def _asked_of(self, facts: RowFacts) -> Asked:
        return self._rulebook.asked(_present(facts))

    def taken(self) -> Iterator[tuple[str, Any]]:
        """The aggregates of rows as plain data, by name, each taken out; those that hold nothing are left out."""
        for name, corpus in self._rulebook.kinds.items():
            mine = self.aggregates.pop(name, None) if corpus.fold is not None else None
            if mine is not None and mine != self._rulebook.empty[name]:
                yield name, corpus.adapter.dump_python(mine, mode="json")

    def merge(self, name: str, plain: Any) -> None:
        """Join an aggregate of rows that were judged elsewhere, as plain data; those of earlier rows first."""
        corpus = self._rulebook.kinds.get(name)
        if corpus is not None and corpus.merge is not None:
            mine = corpus.adapter.validate_python(plain)
            self.aggregates[name] = corpus.merge(self.aggregates[name], mine) if name in self.aggregates else mine

    def stopped_by(self) -> list[str]:
        """The codes that say that the trainer cannot load the entry, after all its rows."""
        return sorted(
            {
                rule.code
                for rule, corpus, name in self._rulebook.finishing
                if corpus.stops_entry
                for hit in corpus.finish(self.aggregates.seen(name), self._entry)
                if (hit.severity or rule.severity) == "error" or rule.overruled
            }
        )

    def finish(self) -> tuple[list[Finding], list[Cause]]:
        """The findings of the corpus rules about the whole entry, in order, and what some of them explain."""
        findings, causes = [], []
        for rule, corpus, name in self._rulebook.finishing:
            for hit in corpus.finish(self.aggregates.seen(name), self._entry):
                findings.append(finding_of(rule, hit, self._entry.name, hit.file, hit.row, hit.sample_id))
                if hit.explains:
                    assert corpus.names_causes
                    causes.append(Cause(hit.file, hit.explains))
        return sorted(told(findings, causes), key=Finding.order), causes

    @property
    def entry(self) -> EntryFacts:
        """The entry whose rows are judged."""
        return self._entry

    def rule(self, code: str) -> Rule | None:
        """A rule as it judges this entry; None where the entry is judged without it."""
        return self._rulebook.rule(code)


def finish_run(rules: Sequence[Rule], judges: Sequence[Judge]) -> list[Finding]:
    """The findings of the corpus rules about several entries, each judged to its end, in order."""
    findings = []
    for rule in rules:
        if rule.corpus is not None and rule.corpus.finish_run is not None:
            own = {judge.entry.name: (judge, mine) for judge in judges if (mine := judge.rule(rule.code)) is not None}
            for hit in rule.corpus.finish_run(
                [(judge.entry, judge.aggregates[rule.aggregate]) for judge, _ in own.values()]
            ):
                assert hit.dataset is not None
                findings.append(finding_of(own[hit.dataset][1], hit, hit.dataset, hit.file, hit.row, hit.sample_id))
    return sorted(findings, key=Finding.order)


def _present(facts: RowFacts) -> tuple[Need, ...]:
    """What a row has of that which rules need."""
    found: list[Need] = ["nothing"]
    written = [0, 0, 0]
    traits = shapes = misplaced = False
    for turn in facts.turns:
        if turn.traits:
            traits = True
        if turn.shapes:
            shapes = True
        if any(turn.placeholders):
            misplaced = misplaced or turn.role == "system" or turn.role in ANSWERS
            if turn.role != "system":
                written = [sum(pair) for pair in zip(written, turn.placeholders, strict=True)]
    given = [0, 0, 0]
    for media in facts.media:
        given[_PLACES[media.kind]] += 1
    broken = False
    if facts.problems:
        found.append("problems")
        broken = any(problem.kind == "media-type" for problem in facts.problems)
    if written != given:
        found.append("mismatch")
    if misplaced:
        found.append("misplaced")
    if facts.num_tokens != facts.num_tokens_full:
        found.append("cut")
    if traits:
        found.append("traits")
    if broken or any(media.probe.fault is not None for media in facts.media):
        found.append("faults")
    if facts.media:
        found.append("media")
        if given[_PLACES["video"]]:
            found.append("videos")
        if any(media.probe.content for media in facts.media):
            found.append("content")
        if shapes:
            found.append("shapes")
    return tuple(found)


class _Severe(Protocol):
    @property
    def severity(self) -> str: ...


def status_of(facts: RowFacts, findings: Iterable[_Severe]) -> str:
    """The row's status: dropped, unchecked, flagged (an error finding, a crash of the trainer), or ok."""
    if facts.outcome == "dropped":
        return "dropped"
    if facts.outcome == "crash" or facts.refused or any(finding.severity == "error" for finding in findings):
        return "flagged"
    return "unchecked" if facts.outcome == "unchecked" else "ok"


def finding_of(rule: Rule, hit: Hit, dataset: str, file: str | None, row: int | None, sample_id: str | None) -> Finding:
    """The finding that a rule's hit becomes."""
    return Finding(
        code=rule.code,
        name=rule.name,
        severity=rule.severity if rule.overruled or hit.severity is None else hit.severity,
        dataset=dataset,
        file=file,
        row=row,
        sample_id=sample_id,
        turn=hit.turn,
        media_index=hit.media_index,
        message=printable(hit.message),
        help=printable(hit.help),
        evidence=hit.evidence,
    )
