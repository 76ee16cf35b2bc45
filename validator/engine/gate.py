"""The gate: what the findings of a run come to. Severity, rates, a least number of rows, and a baseline decide.

A rule with a rate (`max_rate`) is judged by the share of rows that have a finding of it, whatever its severity: within
the limit its findings are tolerated, above it the run fails. What is about a whole file or entry has no share of rows
and is judged by severity, as are all other findings.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

import orjson

from validator.engine.baseline import Matcher, load_baseline, matcher
from validator.engine.finding_columns import columns_of
from validator.engine.fingerprint import fingerprinted
from validator.facts.columns import values_of
from validator.findings import SEVERITIES, at_least, clip, count
from validator.rules.registry import nearest
from validator.run_folder.damage import read_json, unusable
from validator.settings import Settings
from validator.writing import write_whole

ACCEPTED = "accepted.json"
"""In the run folder: which findings the baseline accepts, by their numbers in findings.jsonl. Only with a baseline."""
_MOST_ACCEPTED = 1 << 30
"""Bytes that are read: 100 million findings."""
Scope = tuple[str | None, str]
"""An entry, or None for all, and the word that has a limit."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Where the findings and samples of a run lie: findings.parquet, findings.jsonl and samples.parquet."""

    findings: Path
    lines: Path
    samples: Path

    @classmethod
    def of(cls, folder: Path) -> Tables:
        """Those of a run folder."""
        return cls(folder / "findings.parquet", folder / "findings.jsonl", folder / "samples.parquet")


@dataclass(slots=True)
class Gate:
    """The verdict on findings. `reasons`: why the run fails, one sentence each, none where it passes."""

    reasons: list[str]
    rates: list[dict[str, Any]]
    min_rows: list[dict[str, Any]]
    baseline: dict[str, Any] | None = None
    accepted: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As the summary holds it."""
        return {"reasons": self.reasons, "rates": self.rates, "min_rows": self.min_rows, "baseline": self.baseline}


def weigh(tables: Tables, settings: Settings, rows: dict[str, int], severities: Counter[str], codes: set[str]) -> Gate:
    """Judge the findings of a run. `rows`: of each entry; `severities`: of all findings; `codes`: rules that ran.

    The files are read only where rates or a baseline ask for it. Raises ValueError where the baseline is none.
    """
    open_, rates = Counter(severities), _Rates(settings)
    accepting = matcher(load_baseline(settings.baseline)) if settings.baseline is not None else None
    accepted: list[int] = []
    waved: Counter[str] = Counter()
    if accepting is not None or rates.limits:
        for number, (finding, severity, mark) in enumerate(_judged(tables, marked=accepting is not None)):
            code, _, dataset, _, _ = finding
            if accepting is not None and accepting.accepts((code, dataset, mark)):
                accepted.append(number)
                waved[severity] += 1
            elif not rates.take(finding):
                continue
            open_[severity] -= 1
    seen = rates.seen(rows)
    reasons = [
        f"{count(open_[severity], severity)}"
        for severity in SEVERITIES
        if open_[severity] and _fails(severity, settings)
    ]
    numbers = _numbers(settings, rows)
    reasons += [rate_sentence(rate) for rate in seen if not rate["passed"]]
    reasons += [number_sentence(number) for number in numbers if not number["passed"]]
    baseline = None if accepting is None else _told(accepting, settings, waved, rows, codes)
    return Gate(reasons, seen, numbers, baseline, accepted)


_Judged = tuple[str, str, str, str | None, int | None]
"""Of a finding: code, name, dataset, file, row."""


def _judged(tables: Tables, *, marked: bool) -> Iterator[tuple[_Judged, str, str]]:
    """What the gate looks at of each finding, with its severity and, where `marked`, its fingerprint."""
    batches = columns_of(tables.findings, _COLUMNS)
    for batch, marks in fingerprinted(batches, tables.samples) if marked else ((one, None) for one in batches):
        code, name, dataset, file, row, severity = (values_of(batch[column]) for column in _COLUMNS[:6])
        yield from zip(
            zip(code, name, dataset, file, row, strict=True), severity, marks or repeat("", len(code)), strict=True
        )


_COLUMNS = ("code", "name", "dataset", "file", "row", "severity", "turn", "media_index")


def _fails(severity: Any, settings: Settings) -> bool:
    return at_least(severity, settings.fail_on)


class _Rates:
    """Counts the rows that have findings with a limit."""

    def __init__(self, settings: Settings) -> None:
        self.limits: dict[Scope, float] = {(None, word): limit for word, limit in settings.max_rate.items()}
        self._own = {name: tuple(own.max_rate) for name, own in settings.per_dataset.items()}
        for name, own in settings.per_dataset.items():
            self.limits |= {(name, word): limit for word, limit in own.max_rate.items()}
        self._general = tuple(settings.max_rate)
        self._scopes: dict[tuple[str, str, str], Scope | None] = {}
        self._rows: Counter[Scope] = Counter()
        self._last: dict[Scope, tuple[str, str | None, int]] = {}

    def take(self, finding: _Judged) -> bool:
        """Whether a finding is judged by a rate; if so, its row is counted, once."""
        code, name, dataset, file, row = finding
        if row is None or not self.limits:
            return False
        key = (code, name, dataset)
        if key not in self._scopes:
            self._scopes[key] = self._scope(*key)
        scope = self._scopes[key]
        if scope is None:
            return False
        place = (dataset, file, row)
        if self._last.get(scope) != place:
            self._last[scope] = place
            self._rows[scope] += 1
        return True

    def _scope(self, code: str, name: str, dataset: str) -> Scope | None:
        """The nearest limit of a rule in an entry: one of the entry's own before one of all entries."""
        if (word := nearest(code, name, self._own.get(dataset, ()))) is not None:
            return dataset, word
        word = nearest(code, name, self._general)
        return None if word is None else (None, word)

    def seen(self, rows: dict[str, int]) -> list[dict[str, Any]]:
        """Every limit with the share of rows, in percent, that was seen."""
        found = []
        for (dataset, word), limit in self.limits.items():
            total = sum(rows.values()) if dataset is None else rows.get(dataset, 0)
            hit = self._rows[(dataset, word)]
            rate = 100 * hit / total if total else 0.0
            found.append(
                {"rule": word, "dataset": dataset, "rows": hit, "of": total, "rate": rate, "limit": limit}
                | {"passed": rate <= limit}
            )
        return found


def rate_sentence(rate: dict[str, Any]) -> str:
    """A rate that was seen, with its limit."""
    where = "" if rate["dataset"] is None else f" of {clip(rate['dataset'])}"
    return (
        f"{rate['rule']} in {rate['rows']:,} of {count(rate['of'], 'row')}{where}: "
        f"{rate['rate']:.3g}%, limit {rate['limit']:.3g}%"
    )


def number_sentence(number: dict[str, Any]) -> str:
    """A number of rows, with the least that is wanted."""
    where = "" if number["dataset"] is None else f" in {clip(number['dataset'])}"
    return f"{count(number['rows'], 'row')}{where}, at least {number['least']:,} wanted"


def _numbers(settings: Settings, rows: dict[str, int]) -> list[dict[str, Any]]:
    """Every least number of rows that is set, with the number that is there."""
    wanted: dict[str | None, int] = {None: settings.min_rows}
    wanted |= {name: own.min_rows for name, own in settings.per_dataset.items() if name in rows}
    found = []
    for name, least in wanted.items():
        there = sum(rows.values()) if name is None else rows[name]
        if least:
            found.append({"dataset": name, "rows": there, "least": least, "passed": there >= least})
    return found


def _told(
    accepting: Matcher, settings: Settings, waved: Counter[str], rows: dict[str, int], codes: set[str]
) -> dict[str, Any]:
    return {
        "file": str(settings.baseline),
        "accepted": {severity: waved[severity] for severity in SEVERITIES},
        "without_reason": sum(number for key, number in accepting.taken.items() if not accepting.reasons[key]),
        "stale": accepting.stale(rows, codes),
    }


def keep_accepted(folder: Path, gate: Gate) -> None:
    """Write which findings are accepted into a run folder, or remove what an earlier run wrote."""
    if gate.baseline is None:
        (folder / ACCEPTED).unlink(missing_ok=True)
    else:
        write_whole(folder / ACCEPTED, orjson.dumps(gate.accepted))


def accepted_in(folder: Path) -> frozenset[int]:
    """The numbers of the findings that the baseline of a run accepts."""
    path = folder / ACCEPTED
    if not os.path.lexists(path):
        return frozenset()
    numbers = read_json(path, _MOST_ACCEPTED)
    if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
        raise unusable(path, "is no list of numbers")
    return frozenset(numbers)


def failing(tables: Tables, settings: Settings) -> Counter[tuple[str, str, str]]:
    """How often each finding occurs, as (code, dataset, fingerprint), that fails the gate by its severity."""
    rates = _Rates(settings)
    found: Counter[tuple[str, str, str]] = Counter()
    failing = {severity for severity in SEVERITIES if _fails(severity, settings)}
    for finding, severity, mark in _judged(tables, marked=True):
        if severity in failing and not rates.take(finding):
            found[(finding[0], finding[2], mark)] += 1
    return found
