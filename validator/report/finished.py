"""A finished run as reports need it: its summary, its findings one by one, and digests of them that stay small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import xxhash

from validator.engine.gate.gate import number_sentence, rate_sentence
from validator.engine.run_files.finished import FinishedRun
from validator.findings import SEVERITIES, at_least, clip, count
from validator.rules.registry import nearest

EXAMPLES = 10
"""Findings of a rule in an entry that reports name; all are in findings.jsonl and findings.parquet."""
MESSAGE = 1000
"""Characters of a message that reports carry."""


@dataclass(slots=True)
class Group:
    """The findings of one rule in one entry. `count` is of those that the baseline does not accept, `accepted` of those
    that it does; `examples` are the first of the former, or of the latter where there are no others.
    """

    code: str
    name: str
    severity: Any
    dataset: str
    count: int = 0
    accepted: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def message(self) -> str:
        """What was found and in which row; of several findings the number and the first."""
        first, text = self.examples[0], clip(self.examples[0]["message"], MESSAGE)
        row = None if first["row"] is None else f"row {first['row']}"
        if self.number == 1:
            return f"{row}: {text}" if row else text
        return f"{self.number:,} times in {clip(self.dataset)}, first{f' in {row}' if row else ''}: {text}"

    @property
    def number(self) -> int:
        """How many findings the message speaks of."""
        return self.count or self.accepted

    @property
    def identity(self) -> str:
        """By what the group is known again in another run."""
        return xxhash.xxh3_64_hexdigest(f"{self.code}\0{self.dataset}".encode())


class Finished(FinishedRun):
    """A finished run with what reports tell of it."""

    def fails(self, group: Group) -> bool:
        """Whether findings of a group fail the run by their severity, not by a rate."""
        settings = self.summary["settings"]
        if not group.count or not at_least(group.severity, settings["fail_on"]):
            return False
        limits = {*settings["max_rate"], *settings["per_dataset"].get(group.dataset, {}).get("max_rate", ())}
        return group.examples[0]["row"] is None or nearest(group.code, group.name, limits) is None

    def findings(self) -> Iterator[dict[str, Any]]:
        """All findings, in order; those that the baseline accepts have a key `accepted`."""
        for number, finding in enumerate(self.lines()):
            yield {**finding, "accepted": True} if number in self.accepted else finding

    @cached_property
    def groups(self) -> list[Group]:
        """All findings by rule and entry, the severest first."""
        groups: dict[tuple[str, str, str], Group] = {}
        for finding in self.findings():
            key = (finding["severity"], finding["code"], finding["dataset"])
            group = groups.get(key)
            if group is None:
                group = groups[key] = Group(key[1], finding["name"], key[0], key[2])
            if "accepted" in finding:
                group.accepted += 1
                if group.count:
                    continue
            else:
                if group.count == 0:
                    group.examples.clear()
                group.count += 1
            if len(group.examples) < EXAMPLES:
                group.examples.append(finding)
        return sorted(groups.values(), key=lambda one: (SEVERITIES.index(one.severity), one.code, one.dataset))


def gate_notes(summary: dict[str, Any]) -> list[str]:
    """What the gate says beyond severity: rates with their limits, too few rows, what the baseline does."""
    gate = summary["gate"]
    notes = [f"rate {'kept' if rate['passed'] else 'exceeded'}: {rate_sentence(rate)}" for rate in gate["rates"]]
    notes += [f"too few rows: {number_sentence(number)}" for number in gate["min_rows"] if not number["passed"]]
    if baseline := gate["baseline"]:
        notes += _baseline(baseline)
    return notes


def _near(path: str) -> str:
    """A path from here, where it lies below."""
    return str(Path(path).relative_to(Path.cwd())) if Path(path).is_relative_to(Path.cwd()) else path


def _baseline(baseline: dict[str, Any]) -> list[str]:
    file, accepted = clip(_near(baseline["file"]), 200), sum(baseline["accepted"].values())
    note = f"baseline: {count(accepted, 'finding')} accepted by {file}"
    if missing := baseline["without_reason"]:
        note += f", {missing:,} without a reason: write it there"
    notes = [note]
    if stale := baseline["stale"]:
        total = sum(item["count"] for item in stale)
        named = ", ".join(f"{item['count']:,} {item['code']} in {clip(item['dataset'])}" for item in stale[:5])
        more = " ..." if len(stale) > 5 else ""
        notes.append(f"baseline: {total:,} accepted earlier, now gone: {named}{more}; --write-baseline takes them out")
    return notes
