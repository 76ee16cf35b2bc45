"""GitLab's code quality report. A merge request shows the findings that its target branch does not have.

Findings are therefore single, each with its fingerprint by content: a new broken row shows, a moved one does not.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any, TextIO

import orjson

from validator.engine.gate.fingerprint import as_text, fingerprinted
from validator.engine.tables.finding_columns import LINE, stored
from validator.findings import SEVERITIES, clip
from validator.report.finished import MESSAGE, Finished
from validator.report.json_document import dump
from validator.report.places import Places

EACH = 100
"""Findings of one rule in one entry."""
ALL = 5000
_SEVERITIES = {"error": "critical", "warning": "minor", "info": "info"}


def write(run: Finished, out: TextIO) -> None:
    """Write the report as one array."""
    chosen = _chosen(run)
    places = Places(run.summary, [finding for finding, _ in chosen])
    issues = [_issue(finding, identity, places) for finding, identity in chosen]
    dump(issues, out)


def _chosen(run: Finished) -> list[tuple[dict[str, Any], str]]:
    """The findings to tell, the severest first, each with a fingerprint that no other has."""
    taken: Counter[tuple[str, str]] = Counter()
    seen: Counter[str] = Counter()
    chosen = []
    number = -1
    for batch, marks in fingerprinted(stored(run.tables.findings, run.tables.lines), run.tables.samples):
        keys = zip(batch["code"].to_pylist(), batch["dataset"].to_pylist(), strict=True)
        for place, (key, fingerprint) in enumerate(zip(keys, map(as_text, marks.tolist()), strict=True)):
            number += 1
            if number in run.accepted or taken[key] >= EACH:
                continue
            taken[key] += 1
            identity = hashlib.sha256(f"{fingerprint} {seen[fingerprint]}".encode()).hexdigest()
            seen[fingerprint] += 1
            chosen.append((orjson.loads(batch[LINE][place].as_py()), identity))
    chosen.sort(key=lambda item: SEVERITIES.index(item[0]["severity"]))
    return chosen[:ALL]


def _issue(finding: dict[str, Any], identity: str, places: Places) -> dict[str, Any]:
    row = "" if finding["row"] is None else f" (row {finding['row']})"
    return {
        "description": f"{finding['code']} {finding['name']}: {clip(finding['message'], MESSAGE)}{row}",
        "check_name": finding["code"],
        "fingerprint": identity,
        "severity": _SEVERITIES[finding["severity"]],
        "location": {"path": places.path(finding), "lines": {"begin": places.line(finding) or 1}},
    }
