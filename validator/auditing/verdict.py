"""One answer: GO, GO WITH WARNINGS or NO-GO, with every reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from validator.findings import SEVERITIES, Finding

GO, WARNINGS, NO_GO, UNDECIDED = "GO", "GO WITH WARNINGS", "NO-GO", "UNDECIDED"
_FIRST = ("CK", "CF")
"""Families of which every finding is a reason of its own, and that come first."""


def reasons(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """What speaks against the run, errors first: every finding on configuration and checkpoint, and one reason per rule
    on rows, with its first row and how many there are.
    """
    found: dict[Any, dict[str, Any]] = {}
    for number, finding in enumerate(findings):
        key = (finding.code, number) if finding.code[:2] in _FIRST else finding.code
        if key in found:
            found[key]["count"] += 1
            continue
        found[key] = {
            "severity": finding.severity,
            "code": finding.code,
            "name": finding.name,
            "dataset": finding.dataset,
            "file": finding.file,
            "row": finding.row,
            "message": finding.message,
            "help": finding.help,
            "evidence": finding.evidence,
            "count": 1,
        }
    return sorted(found.values(), key=_order)


def _order(reason: dict[str, Any]) -> tuple[int, int, str]:
    family = reason["code"][:2]
    return (
        SEVERITIES.index(reason["severity"]),
        _FIRST.index(family) if family in _FIRST else len(_FIRST),
        reason["code"],
    )


def answer(found: Sequence[dict[str, Any]], *, incomplete: bool) -> tuple[str, int]:
    """The verdict and the exit code. `incomplete`: something was not checked, so that nothing better can be said."""
    severities = {item["severity"] for item in found}
    if "error" in severities:
        return NO_GO, 3 if incomplete else 1
    if incomplete:
        return UNDECIDED, 3
    return (WARNINGS if "warning" in severities else GO), 0
