"""Two finished runs side by side: which findings are new, gone or the same, and how the rows have changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from validator.engine.gate.fingerprint import fingerprinted
from validator.engine.run_files.finished import FinishedRun
from validator.engine.tables.finding_columns import columns_of, stored, to_findings
from validator.facts.columns import values_of
from validator.findings import SEVERITIES, Finding

EXAMPLES = 10
"""New findings that are kept per rule, to be shown; all are counted."""


@dataclass(slots=True)
class Comparison:
    """Findings of run `b` against those of run `a`, counted by (code, severity). `examples`: the first new ones of
    every code. `summaries` are the two runs'.
    """

    summaries: tuple[dict[str, Any], dict[str, Any]] = field(repr=False)
    new: Counter[tuple[str, str]] = field(default_factory=Counter)
    gone: Counter[tuple[str, str]] = field(default_factory=Counter)
    same: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[str, list[Finding]] = field(default_factory=dict, repr=False)

    @property
    def new_errors(self) -> int:
        """Error findings that run `a` did not have."""
        return sum(number for (_, severity), number in self.new.items() if severity == "error")

    def record(self) -> dict[str, Any]:
        """As it is written to JSON (docs/output.md)."""
        return document(self)


def compare(a: FinishedRun, b: FinishedRun) -> Comparison:
    """Compare two runs. Memory grows with the number of findings of `a`: 8 bytes and their place in a table for each.

    Raises UnusableRunError where a file of them is damaged.
    """
    result = Comparison((a.summary, b.summary))
    known: Counter[int] = Counter()
    kinds: dict[int, tuple[str, str]] = {}
    for batch, marks in fingerprinted(columns_of(a.tables.findings, _COLUMNS), a.tables.samples):
        for key, kind in _kinds(batch, marks):
            known[key] += 1
            kinds[key] = kind
    for batch, marks in fingerprinted(stored(b.tables.findings, b.tables.lines), b.tables.samples):
        for place, (key, kind) in enumerate(_kinds(batch, marks)):
            if known.get(key, 0) > 0:
                known[key] -= 1
                result.same[kind] += 1
                continue
            result.new[kind] += 1
            shown = result.examples.setdefault(kind[0], [])
            if len(shown) < EXAMPLES:
                shown += to_findings(batch.slice(place, 1))
    for key, number in known.items():
        if number:
            result.gone[kinds[key]] += number
    return result


_COLUMNS = ("code", "severity", "dataset", "file", "row", "turn", "media_index")


def _kinds(batch: pa.RecordBatch, marks: np.ndarray) -> Iterator[tuple[int, tuple[str, str]]]:
    """Of each finding its fingerprint, and its code and severity."""
    kinds = zip(values_of(batch["code"]), values_of(batch["severity"]), strict=True)
    return zip(marks.tolist(), kinds, strict=True)


def document(result: Comparison) -> dict[str, Any]:
    """The comparison as plain data."""
    codes = sorted({kind for counts in (result.new, result.gone, result.same) for kind in counts})
    before, after = result.summaries
    return {
        "schema_version": 1,
        "new_errors": result.new_errors,
        "findings": {
            name: {severity: _of(counts, severity) for severity in SEVERITIES}
            for name, counts in (("new", result.new), ("gone", result.gone), ("same", result.same))
        },
        "rules": [
            {
                "code": code,
                "severity": severity,
                "new": result.new[code, severity],
                "gone": result.gone[code, severity],
                "same": result.same[code, severity],
            }
            for code, severity in codes
        ],
        "rows": [summary["rows"] for summary in result.summaries],
        "datasets": _datasets(before, after),
        "settings_changed": {
            name: [before["settings"].get(name), value]
            for name, value in sorted(after["settings"].items())
            if before["settings"].get(name) != value
        },
        "versions_changed": {
            name: [before["versions"].get(name), value]
            for name, value in sorted(after["versions"].items())
            if before["versions"].get(name) != value
        },
        "examples": {code: [_plain(finding) for finding in found] for code, found in sorted(result.examples.items())},
    }


def _of(counts: Counter[tuple[str, str]], severity: str) -> int:
    return sum(number for (_, kind), number in counts.items() if kind == severity)


def _datasets(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows and distributions of every entry of either run; None where one run does not have it."""
    sides = [{item["dataset"]: item for item in summary["datasets"]} for summary in (before, after)]
    measures = ("rows", "num_tokens_full", "num_image_tokens", "num_label_tokens")
    return [
        {
            "dataset": name,
            **{measure: [None if name not in side else side[name][measure] for side in sides] for measure in measures},
        }
        for name in sorted(sides[0].keys() | sides[1].keys())
    ]


def _plain(finding: Finding) -> dict[str, Any]:
    names = ("severity", "dataset", "file", "row", "turn", "media_index", "message", "help")
    return {name: getattr(finding, name) for name in names}
