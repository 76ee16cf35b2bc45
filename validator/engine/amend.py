"""A finished run folder: reading it back, and adding what a later step found."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from validator.engine.run import RunResult
from validator.engine.store import FindingsFile
from validator.engine.summary import DatasetCounts, Tally, conclude
from validator.findings import Finding
from validator.rules.base import Rule
from validator.settings import Settings


def load_run(folder: Path) -> RunResult:
    """A finished run. Raises ValueError where the folder holds none."""
    summary = load_summary(folder)
    tally = Tally({item["dataset"]: DatasetCounts(Counter(_statuses(item["rows"]))) for item in summary["datasets"]})
    for finding in load_findings(folder):
        tally.add_finding(finding)
    return RunResult(summary, tally, folder)


def load_summary(folder: Path) -> dict[str, Any]:
    """summary.json of a finished run. Raises ValueError where there is none."""
    try:
        summary = orjson.loads((folder / "summary.json").read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} is no finished run: {error}") from None
    if not isinstance(summary, dict) or "settings" not in summary:
        raise ValueError(f"{folder} is no finished run: summary.json is not one of mmvalidate's")
    return summary


def settings_of(summary: dict[str, Any]) -> Settings:
    """The settings that a run was made with. Raises ValueError where another version wrote them."""
    return Settings.model_validate(summary["settings"])


def load_findings(folder: Path) -> Iterator[Finding]:
    """The findings of a finished run, in order."""
    with (folder / "findings.jsonl").open("rb") as file:
        for line in file:
            yield Finding(**orjson.loads(line))


def amend(
    folder: Path,
    family: str | tuple[str, ...],
    findings: Sequence[Finding],
    rules: Sequence[Rule],
    addition: dict[str, Any],
    *,
    incomplete: bool,
) -> RunResult:
    """Put the findings of a family of rules (`RP`), or of several, in the place of those that an earlier step left, and
    `addition` into the summary; exit code and verdict follow. Every file is replaced whole.
    """
    summary = load_summary(folder)
    kept = (finding for finding in load_findings(folder) if not finding.code.startswith(family))
    with FindingsFile(folder) as file:
        file.add(heapq.merge(kept, sorted(findings, key=Finding.order), key=Finding.order))
    _replace(folder, ("findings.parquet", "findings.jsonl"))
    result = load_run(folder)
    tally = result.tally
    known = {item["code"]: item for item in summary["rules"] if not item["code"].startswith(family)}
    known |= {rule.code: {"code": rule.code, "name": rule.name, "severity": rule.severity} for rule in rules}
    summary["rules"] = [{**known[code], "count": count} for code, count in sorted(tally.codes.items())]
    ran = {rule.code for rule in rules}
    summary["rules_not_run"] = [item for item in summary["rules_not_run"] if item["code"] not in ran]
    summary |= addition
    unchecked = len(summary["unchecked_entries"]) + incomplete
    summary |= conclude(tally, settings_of(summary), unchecked)
    part = folder / "summary.json.part"
    part.write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    _replace(folder, ("summary.json",))
    return RunResult(summary, tally, folder)


def _statuses(rows: dict[str, int]) -> dict[str, int]:
    return {status: number for status, number in rows.items() if status != "total"}


def _replace(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / f"{name}.part").replace(folder / name)
