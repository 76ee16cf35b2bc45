"""Findings on the terminal: by severity, grouped by rule, what stops most first; the place as an editor opens it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from validator.engine.gate.gate import Tables
from validator.engine.run_files.finished import FinishedRun
from validator.engine.run_files.result import RunResult
from validator.engine.tables.finding_columns import stored, to_findings
from validator.facts.columns import are_among, plain_array
from validator.findings import Finding, count, printable
from validator.report.places import Places
from validator.report.tables import indented
from validator.report.verdict import ordered_rules

STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
EXAMPLES = 3
"""Findings of a rule that are shown."""
GROUPS = 12
"""Rules that are shown with examples; the others have a line each."""


def print_findings(console: Console, result: RunResult, base: Path, *, everything: bool) -> None:
    """Print the findings of a run: some of each rule, or all of them."""
    tally = result.tally
    rules = [rule for rule in ordered_rules(result.summary) if tally.codes[rule["code"]]]
    shown = rules if everything else rules[:GROUPS]
    examples = {rule["code"]: _examples(result, rule["code"]) for rule in shown}
    some = (asdict(one) for listed in examples.values() for one, _ in listed)
    places = Places(result.summary, FinishedRun(result.folder).lines() if everything else some)
    for rule in shown:
        code = rule["code"]
        _heading(console, rule, tally.codes[code])
        told = 0
        if everything:
            told = tally.codes[code]
            for finding in _all_of(result, code):
                _finding(console, finding, base, places.line(asdict(finding)))
        for finding, number in examples[code] if not everything else ():
            _finding(console, finding, base, places.line(asdict(finding)))
            told += number
        if (more := tally.codes[code] - told) > 0:
            console.print(Text(f"  ... and {more:,} more", style="dim"))
        helps = list(dict.fromkeys(finding.help for finding, _ in examples[code]))
        console.print(Text(indented(console, f"help{' (the first)' * (len(helps) > 1)}: {helps[0]}"), style="dim"))
        console.print()
    if left := rules[len(shown) :]:
        console.print(Text(f"{count(len(left), 'more rule')} (--all shows every finding)", style="bold"))
        for rule in left:
            _heading(console, rule, tally.codes[rule["code"]], indent="  ")
        console.print()
    elif not everything and any(tally.codes[rule["code"]] > EXAMPLES for rule in shown):
        console.print(Text("--all shows every finding", style="dim"))


def _examples(result: RunResult, code: str) -> list[tuple[Finding, int]]:
    """The first findings of a rule, with the number that each stands for."""
    tally = result.tally
    folders = [(one.finding, one.number) for one in tally.folders.values() if one.first.code == code]
    return [*folders, *((one, 1) for one in tally.examples.get(code, ()))][:EXAMPLES]


def _all_of(result: RunResult, code: str) -> Iterator[Finding]:
    """Every open finding of a rule, in order."""
    tables, accepted, begin = Tables.of(result.folder), FinishedRun(result.folder).accepted, 0
    for batch in stored(tables.findings, tables.lines):
        wanted = are_among(batch["code"], [code])
        if accepted:
            wanted &= [number not in accepted for number in range(begin, begin + batch.num_rows)]
        begin += batch.num_rows
        if wanted.any():
            yield from to_findings(batch.filter(plain_array(wanted.tolist(), pa.bool_())))


def _heading(console: Console, rule: dict[str, Any], number: int, *, indent: str = "") -> None:
    line = Text(indent)
    line.append(rule["severity"], style=STYLES[rule["severity"]])
    line.append(f" {rule['code']} {rule['name']}", style="bold")
    line.append(f": {count(number, 'finding')}")
    console.print(line)


def _finding(console: Console, finding: Finding, base: Path, line: int | None) -> None:
    """Its place and its message: in one line where that fits, below each other where not."""
    where, message = location(base, finding.dataset, finding.file, finding.row, line), printable(finding.message)
    if console.soft_wrap or cell_len(where) + cell_len(message) + 4 <= console.width:
        console.print(Text.assemble("  ", (where, "bold"), f"  {message}"))
        return
    console.print(Text.assemble("  ", (where, "bold")))
    console.print(Text(indented(console, message)))


def location(base: Path, dataset: str, file: str | None, row: int | None, line: int | None = None) -> str:
    """`folder/file:line (row N)`: the line, counted from 1, as editors open it, where it is known; the row counted from
    0. The dataset's name in brackets where there is no file.
    """
    if file is None:
        return f"[{printable(dataset)}]"
    where = printable(f"{base / file}") + ("" if line is None else f":{line}")
    return where + ("" if row is None else f" (row {row})")


def print_places(console: Console, summary: dict[str, Any], findings: Sequence[Finding], base: Path) -> None:
    """Print findings of several rules one after the other, each with what helps."""
    places = Places(summary, map(asdict, findings))
    for finding in findings:
        line = Text("")
        line.append(finding.severity, style=STYLES[finding.severity])
        line.append(f" {finding.code} {finding.name}", style="bold")
        console.print(line)
        _finding(console, finding, base, places.line(asdict(finding)))
        console.print(Text(indented(console, f"help: {finding.help}"), style="dim"))
