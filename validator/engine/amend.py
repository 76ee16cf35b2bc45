"""A finished run folder: reading it back, and adding what a later step found."""

from __future__ import annotations

import difflib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from pydantic import ValidationError

from validator.engine.baseline import load_baseline, renewed, write
from validator.engine.finding_columns import merged, stored
from validator.engine.gate import Gate, Tables, accepted_in, failing, fingerprints
from validator.engine.run import RunResult
from validator.engine.store import FindingsFile, publish
from validator.engine.summary import DatasetCounts, Tally, conclude
from validator.facts.columns import plain_array
from validator.findings import Finding, printable, worst_by_code
from validator.rules.base import Rule
from validator.rules.registry import all_rules
from validator.run_folder.damage import UnusableRunError, unusable
from validator.run_folder.finding_lines import finding_lines
from validator.run_folder.lock import alone_in, hold
from validator.run_folder.names import SUMMARY
from validator.run_folder.summary import read_summary
from validator.settings import Settings
from validator.writing import Parts


class ChangedRunError(OSError):
    """A run was checked again while something was made of it. The message is a sentence for the user."""


def load_run(folder: Path) -> RunResult:
    """A finished run. Raises ValueError where the folder holds none."""
    summary = load_summary(folder)
    tally = _tally_of(summary)
    _count(tally, folder)
    return RunResult(summary, tally, folder)


def identity_of(folder: Path) -> str:
    """By what a finished run is known to be the same as before: its summary, which has the time that it took. Raises
    ValueError where the folder holds none.
    """
    load_summary(folder)
    return xxhash.xxh3_128_hexdigest((folder / SUMMARY).read_bytes())


def check_same(folder: Path, identity: str) -> None:
    """Raise ChangedRunError where the folder no longer holds the run of this identity."""
    try:
        if identity_of(folder) == identity:
            return
    except ValueError:
        pass
    raise ChangedRunError(f"{folder} was checked again meanwhile: nothing was made of it, repeat the command")


def load_summary(folder: Path) -> dict[str, Any]:
    """summary.json of a finished run. Raises UnusableRunError where there is none, or none of this version."""
    if not os.path.lexists(folder / SUMMARY):
        raise UnusableRunError(f"{folder} is no finished run: it holds no {SUMMARY}.{_others(folder)}")
    summary = read_summary(folder)
    try:
        Settings.model_validate(summary["settings"])
    except ValidationError as error:
        raise unusable(folder / SUMMARY, f"holds settings that are none ({error.errors()[0]['msg']})") from None
    return summary


def _others(folder: Path) -> str:
    """Names the runs that are there, where a folder is none."""
    runs = sorted(path.parent for path in Path(".mmvalidate").glob("*/summary.json"))
    close = difflib.get_close_matches(str(folder), map(str, runs), n=1)
    if close:
        return f" Did you mean {close[0]}?"
    return f" Finished here: {', '.join(map(str, runs[:3]))}{' ...' if len(runs) > 3 else ''}." if runs else ""


def settings_of(summary: dict[str, Any]) -> Settings:
    """The settings that a run was made with, without its files of rules: a run folder is data, and no code that it
    names is run (`engine/rejudge.py` asks for it). Raises ValueError where another version wrote them.
    """
    return Settings.model_validate({**summary["settings"], "rules": ()})


def rules_named(summary: dict[str, Any]) -> tuple[Path, ...]:
    """The files of rules that a run says it was judged by."""
    return Settings.model_validate(summary["settings"]).rules


def rules_to_run(run: Path, given: tuple[Path, ...] | None) -> tuple[Path, ...]:
    """The files of rules by which a finished run is judged again: `given` by the user, None where nothing was said.

    Raises ValueError where the run names some then: it is data, and what it names is not loaded unasked.
    """
    if given is None and (named := rules_named(load_summary(run))):
        raise ValueError(
            f"{run} was judged by rules of {', '.join(map(str, named))} too, and code that a run names is not run "
            "unasked: name the files with --rules, or add --trust if the run is yours, or --no-trust to go without."
        )
    return given or ()


def rules_told(summary: dict[str, Any]) -> tuple[Rule, ...]:
    """Our rules, and the plug-ins of a run."""
    return (*all_rules(), *plugins_told(summary))


def plugins_told(summary: dict[str, Any]) -> tuple[Rule, ...]:
    """The rules of a run that are not ours, as its summary tells of them: what can be said without loading any."""
    return tuple(
        Rule(
            told["code"],
            told["name"],
            told["severity"],
            _text(told["doc"]),
            origin=told["origin"],
            source=told["source"],
        )
        for told in summary.get("plugins", ())
    )


def _text(doc: str) -> str:
    return "\n".join(map(printable, doc.splitlines()))


def load_findings(folder: Path) -> Iterator[Finding]:
    """The findings of a finished run, in order."""
    return (Finding(**finding) for finding in finding_lines(folder / "findings.jsonl"))


def amend(
    folder: Path,
    family: str | tuple[str, ...],
    findings: Sequence[Finding],
    rules: Sequence[Rule],
    addition: dict[str, Any],
    *,
    seen: str,
    incomplete: bool,
) -> RunResult:
    """Put the findings of a family of rules (`RP`), or of several, in the place of those that an earlier step left, and
    `addition` into the summary; exit code and verdict follow. `seen`: the identity of the run that the findings speak
    of. Raises ChangedRunError where the folder holds another by now, BusyError where another command is writing there.
    """
    with hold(folder, "amend"):
        check_same(folder, seen)
        summary = load_summary(folder)
        tally = _tally_of(summary)
        kept = (_without(family, batch) for batch in _stored(folder))
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
            tables = replace(Tables.of(folder), findings=parts["findings.parquet"], lines=parts["findings.jsonl"])
            gate = _conclude(summary, tally, tables, incomplete=incomplete)
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
        tables, settings = Tables.of(folder), settings_of(summary)
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
    accepted = accepted_in(result.folder)
    if not accepted:
        return result
    tally = Tally(result.tally.datasets)
    if len(accepted) < result.tally.codes.total():
        _count(tally, result.folder, accepted)
    return RunResult(result.summary, tally, result.folder)


def _tally_of(summary: dict[str, Any]) -> Tally:
    """Rows by status; no findings."""
    return Tally({item["dataset"]: DatasetCounts(Counter(_statuses(item["rows"]))) for item in summary["datasets"]})


def _conclude(
    summary: dict[str, Any], tally: Tally, tables: Tables, *, incomplete: bool, marks: np.ndarray | None = None
) -> Gate:
    """Put into a summary what follows from its rows and findings."""
    unchecked = len(summary["unchecked_entries"]) + incomplete
    concluded = conclude(tally, settings_of(summary), unchecked, tables, codes_that_ran(summary), marks)
    summary |= concluded.summary
    return concluded.gate


def _stored(folder: Path) -> Iterator[pa.RecordBatch]:
    tables = Tables.of(folder)
    return stored(tables.findings, tables.lines)


def _count(tally: Tally, folder: Path, accepted: frozenset[int] = frozenset()) -> None:
    """Count the findings of a run, but for some by their numbers."""
    begin = 0
    for batch in _stored(folder):
        end = begin + batch.num_rows
        if accepted:
            batch = batch.filter(plain_array([number not in accepted for number in range(begin, end)], pa.bool_()))
        tally.add_findings(batch)
        begin = end


def _without(family: str | tuple[str, ...], batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.filter(plain_array([not code.startswith(family) for code in batch["code"].to_pylist()], pa.bool_()))


def codes_that_ran(summary: dict[str, Any]) -> set[str]:
    """The codes of the rules that ran."""
    return {rule.code for rule in rules_told(summary)} - {item["code"] for item in summary["rules_not_run"]}


def _statuses(rows: dict[str, int]) -> dict[str, int]:
    return {status: number for status, number in rows.items() if status != "total"}
