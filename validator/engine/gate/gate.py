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
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from validator.engine.gate.baseline import Matcher, load_baseline
from validator.engine.gate.fingerprint import fingerprinted
from validator.engine.tables.finding_columns import columns_of
from validator.facts.columns import are_among, counted, places_of, values_of
from validator.findings import SEVERITIES, at_least, clip, count
from validator.rules.registry import nearest
from validator.run_folder.damage import read_json, unusable
from validator.settings import Settings
from validator.writing import write_whole

ACCEPTED = "accepted.json"
"""In the run folder: which findings the baseline accepts, by their numbers in findings.jsonl. Only with a baseline."""
_MOST_ACCEPTED = 1 << 30
"""Bytes that are read: 100 million findings."""
_NONE = np.empty(0, np.int64)
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

    def absolute(self) -> Tables:
        """The same, wherever a process works."""
        return Tables(self.findings.absolute(), self.lines.absolute(), self.samples.absolute())


@dataclass(slots=True)
class Gate:
    """The verdict on findings. `reasons`: why the run fails, one sentence each, none where it passes."""

    reasons: list[str]
    rates: list[dict[str, Any]]
    min_rows: list[dict[str, Any]]
    baseline: dict[str, Any] | None = None
    accepted: np.ndarray = field(default_factory=lambda: _NONE)

    def as_json(self) -> dict[str, Any]:
        """As the summary holds it."""
        return {"reasons": self.reasons, "rates": self.rates, "min_rows": self.min_rows, "baseline": self.baseline}


def weigh(
    tables: Tables,
    settings: Settings,
    rows: dict[str, int],
    severities: Counter[str],
    codes: set[str],
    marks: np.ndarray | None = None,
) -> Gate:
    """Judge the findings of a run. `rows`: of each entry; `severities`: of all findings; `codes`: rules that ran;
    `marks`: the fingerprints of all findings, where they are known.

    The files are read only where rates or a baseline ask for it. Raises ValueError where the baseline is none.
    """
    open_, rates = Counter(severities), _Rates(settings)
    accepting = Matcher(load_baseline(settings.baseline)) if settings.baseline is not None else None
    accepted: list[np.ndarray] = []
    waved: Counter[str] = Counter()
    begin = 0
    for batch, prints in _judged(tables, marks, marked=accepting is not None) if accepting or rates.limits else ():
        takes = np.zeros(batch.num_rows, bool)
        if accepting is not None:
            for code, dataset, places in _by_rule(batch):
                takes[places] = accepting.accepts(code, dataset, prints[places])
        gone = takes | rates.take(batch, ~takes)
        accepted.append(begin + np.flatnonzero(takes))
        waved.update(counted(batch["severity"], takes))
        open_.subtract(counted(batch["severity"], gone))
        begin += batch.num_rows
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
    return Gate(reasons, seen, numbers, baseline, np.concatenate(accepted) if accepted else _NONE)


def fingerprints(tables: Tables) -> np.ndarray:
    """The fingerprints of all findings of a run, in order."""
    found = [prints for _, prints in fingerprinted(columns_of(tables.findings, _COLUMNS), tables.samples)]
    return np.concatenate(found) if found else np.empty(0, np.uint64)


def _judged(tables: Tables, marks: np.ndarray | None, *, marked: bool) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
    """What the gate looks at of the findings, and, where `marked`, their fingerprints."""
    batches = columns_of(tables.findings, _COLUMNS)
    if marked and marks is None:
        yield from fingerprinted(batches, tables.samples)
        return
    begin = 0
    for batch in batches:
        yield batch, _NONE if marks is None else marks[begin : begin + batch.num_rows]
        begin += batch.num_rows


def _by_rule(batch: pa.RecordBatch) -> Iterator[tuple[str, str, np.ndarray]]:
    """(code, dataset, places) of the findings of a batch."""
    codes, code = places_of(batch["code"])
    datasets, dataset = places_of(batch["dataset"])
    pairs = dataset.astype(np.int64) * len(codes) + code
    order = np.argsort(pairs, kind="stable")
    kinds, starts = np.unique(pairs[order], return_index=True)
    for kind, places in zip(kinds.tolist(), np.split(order, starts[1:]), strict=True):
        yield codes[kind % len(codes)], datasets[kind // len(codes)], places


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

    def take(self, batch: pa.RecordBatch, asked: np.ndarray) -> np.ndarray:
        """Which of the findings that are `asked` about are judged by a rate; the rows of these are counted, once."""
        taken = np.zeros(batch.num_rows, bool)
        if self.limits:
            columns = (values_of(batch[name]) for name in ("code", "name", "dataset", "file", "row"))
            for place, finding in enumerate(zip(*columns, strict=True)):
                taken[place] = asked[place] and self._take(*finding)
        return taken

    def _take(self, code: str, name: str, dataset: str, file: str | None, row: int | None) -> bool:
        if row is None:
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
        "without_reason": accepting.without_reason,
        "stale": accepting.stale(rows, codes),
    }


def keep_accepted(folder: Path, gate: Gate) -> None:
    """Write which findings are accepted into a run folder, or remove what an earlier run wrote."""
    if gate.baseline is None:
        (folder / ACCEPTED).unlink(missing_ok=True)
    else:
        write_whole(folder / ACCEPTED, orjson.dumps(gate.accepted, option=orjson.OPT_SERIALIZE_NUMPY))


def accepted_in(folder: Path) -> frozenset[int]:
    """The numbers of the findings that the baseline of a run accepts."""
    path = folder / ACCEPTED
    if not os.path.lexists(path):
        return frozenset()
    numbers = read_json(path, _MOST_ACCEPTED)
    if not isinstance(numbers, list) or not set(map(type, numbers)) <= {int}:
        raise unusable(path, "is not a list of numbers")
    return frozenset(numbers)


def failing(
    tables: Tables, settings: Settings, marks: np.ndarray
) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """The findings that fail the gate by their severity: by rule and entry their fingerprints, of all those `marks`,
    and how often each occurs.
    """
    rates = _Rates(settings)
    found: dict[tuple[str, str], list[np.ndarray]] = {}
    failing = [severity for severity in SEVERITIES if _fails(severity, settings)]
    for batch, prints in _judged(tables, marks, marked=True):
        fails = are_among(batch["severity"], failing)
        fails &= ~rates.take(batch, fails)
        for code, dataset, places in _by_rule(batch):
            found.setdefault((code, dataset), []).append(prints[places[fails[places]]])
    return {key: np.unique(np.concatenate(parts), return_counts=True) for key, parts in found.items()}
