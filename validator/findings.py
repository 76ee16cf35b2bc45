"""Findings: what a rule says about a row, a file or an entry. Errors as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. A null `row` is about the file, a null `file` about the entry."""

    code: str
    name: str
    severity: Severity
    dataset: str
    file: str | None
    row: int | None
    sample_id: str | None
    turn: int | None
    media_index: int | None
    message: str
    help: str
    evidence: dict[str, Any] = field(default_factory=dict)

    def order(self) -> tuple[Any, ...]:
        """Sort key: dataset, file, row, code, turn, media_index; nulls first."""
        return order_of(self.dataset, self.file, self.row, self.code, self.turn, self.media_index, self.message)


def order_of(
    dataset: str, file: str | None, row: int | None, code: str, turn: int | None, media_index: int | None, message: str
) -> tuple[Any, ...]:
    """The sort key of a finding with these values."""
    return (
        dataset,
        file or "",
        -1 if row is None else row,
        code,
        -1 if turn is None else turn,
        -1 if media_index is None else media_index,
        message,
    )


def worst_by_code(findings: Iterable[Finding]) -> dict[str, Severity]:
    """The highest severity of the findings of each code."""
    worst: dict[str, Severity] = {}
    for finding in findings:
        worst[finding.code] = min(worst.get(finding.code, finding.severity), finding.severity, key=SEVERITIES.index)
    return worst


def gravest_first(rules: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rules of a summary by severity, those with the most findings before others."""
    return sorted(rules, key=lambda rule: (SEVERITIES.index(rule["severity"]), -rule["count"]))


def at_least(severity: Severity, threshold: Severity) -> bool:
    """Whether a severity reaches a threshold."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(threshold)


def printable(text: str) -> str:
    """Text from data made safe to print: no control characters, no half surrogate pairs, one line."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def clip(text: str, most: int = 80) -> str:
    """Dataset text made safe for a message: one line, printable, bounded."""
    shown = printable(text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def count(number: int, noun: str) -> str:
    """`3 images`, `1 image`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
