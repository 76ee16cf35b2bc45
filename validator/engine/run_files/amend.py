"""Adds to a finished run what a later step found, and weighs it anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from validator.engine.gate.baseline import load_baseline, renewed, write
from validator.engine.gate.gate import Gate, Tables, failing, fingerprints
from validator.engine.run_files.finished import FinishedRun, codes_that_ran
from validator.engine.run_files.result import RunResult
from validator.engine.run_files.store import FindingsFile, publish
from validator.engine.run_files.summary import DatasetCounts, Tally, conclude
from validator.engine.tables.finding_columns import merged, stored
from validator.facts.columns import plain_array
from validator.findings import Finding, worst_by_code
from validator.rules.base import Rule
from validator.run_folder.lock import alone_in, hold
from validator.settings import Settings
from validator.writing import Parts


def load_run(folder: Path) -> RunResult:
    """A finished run with the tally of its findings. Raises UnusableRunError where the folder holds none."""
    run = FinishedRun(folder)
    tally = _tally_of(run.summary)
    _count(tally, run.tables)
    return RunResult(run.summary, tally, folder)


def amend(
    run: FinishedRun,
    family: str | tuple[str, ...],
    findings: Sequence[Finding],
    rules: Sequence[Rule],
    addition: dict[str, Any],
) -> RunResult:
    """Put the findings of a family of rules (`RP`), or of several, in the place of those that an earlier step left, and
    `addition` into the summary; exit code and verdict follow. `run` is the one that the findings speak of. Raises
    ChangedRunError where its folder holds another by now, BusyError where another command is writing there.
    """
    folder = run.folder
    with hold(folder, "amend"):
        run.check_same()
        summary = FinishedRun(folder).summary
        tally = _tally_of(summary)
        kept = (_without(family, batch) for batch in stored(run.tables.findings, run.tables.lines))
        parts = Parts(folder)
        try:
            with FindingsFile(parts) as file:
                for batch in merged(kept, findings):
                    file.add(batch)
                    tally.add_findings(batch)
            known = {item["code"]: item for item in summary["rules"] if not item["code"].startswith(family)}
            worst = worst_by_code(findings)
            known |= {
                rule.code: {"code": rule.code, "name": rule.name, "severity": worst.get(rule.code, rule.severity)}
                for rule in rules
            }
            summary["rules"] = [{**known[code], "count": count} for code, count in sorted(tally.codes.items())]
            ran = {rule.code for rule in rules}
            summary["rules_not_run"] = [item for item in summary["rules_not_run"] if item["code"] not in ran]
            summary |= addition
            tables = replace(run.tables, findings=parts["findings.parquet"], lines=parts["findings.jsonl"])
            gate = _conclude(summary, tally, tables)
            publish(parts, folder, ("findings.parquet", "findings.jsonl"), summary, gate)
        finally:
            parts.discard()
    return RunResult(summary, tally, folder)


def accept(result: RunResult, path: Path, reason: str) -> RunResult:
    """Write the findings that fail a finished run into a baseline, and judge the run against it. What `path` holds
    already keeps its reasons; new findings get `reason`. Raises ValueError where `path` holds no baseline, BusyError
    where another command is writing into the folder.
    """
    folder, summary = result.folder, result.summary
    with hold(folder, "accept"):
        tables, settings = Tables.of(folder), _settings(summary)
        judged = ([item["dataset"] for item in summary["datasets"]], sorted(codes_that_ran(summary)))
        marks = fingerprints(tables)
        found = failing(tables, settings, marks)
        with alone_in(path.parent):
            old = load_baseline(path) if path.exists() else {}
            write(path, renewed(old, found, reason, judged=judged))
        summary["settings"]["baseline"] = str(path)
        unchecked = summary["rows"]["unchecked"] or summary["unchecked_entries"]
        incomplete = summary["exit_code"] == 3 and not unchecked
        gate = _conclude(summary, result.tally, tables, incomplete=incomplete, marks=marks)
        publish(Parts(folder), folder, (), summary, gate)
    return result


def still_open(result: RunResult) -> RunResult:
    """A run without the findings that its baseline accepts: they are in its files and not in its tally."""
    accepted = FinishedRun(result.folder).accepted
    if not accepted:
        return result
    tally = Tally(result.tally.datasets)
    if len(accepted) < result.tally.codes.total():
        _count(tally, Tables.of(result.folder), accepted)
    return RunResult(result.summary, tally, result.folder)


def _settings(summary: dict[str, Any]) -> Settings:
    return Settings.model_validate({**summary["settings"], "rules": ()})


def _tally_of(summary: dict[str, Any]) -> Tally:
    """Rows; no findings."""
    return Tally({item["dataset"]: _counts_of(item) for item in summary["datasets"]})


def _counts_of(item: dict[str, Any]) -> DatasetCounts:
    causes = {outcome: Counter(codes) for outcome, codes in item["causes"].items()}
    rows = {status: number for status, number in item["rows"].items() if status != "total"}
    return DatasetCounts(Counter(rows), Counter(item["training"]), causes, item["stopped_by"])


def _conclude(
    summary: dict[str, Any], tally: Tally, tables: Tables, *, incomplete: bool = False, marks: np.ndarray | None = None
) -> Gate:
    """Put into a summary what follows from its rows and findings."""
    unchecked = len(summary["unchecked_entries"]) + incomplete
    concluded = conclude(tally, _settings(summary), unchecked, tables, codes_that_ran(summary), marks)
    summary |= concluded.summary
    return concluded.gate


def _count(tally: Tally, tables: Tables, accepted: frozenset[int] = frozenset()) -> None:
    """Count the findings of a run, but for some by their numbers."""
    begin = 0
    for batch in stored(tables.findings, tables.lines):
        end = begin + batch.num_rows
        if accepted:
            batch = batch.filter(plain_array([number not in accepted for number in range(begin, end)], pa.bool_()))
        tally.add_findings(batch)
        begin = end


def _without(family: str | tuple[str, ...], batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.filter(plain_array([not code.startswith(family) for code in batch["code"].to_pylist()], pa.bool_()))
