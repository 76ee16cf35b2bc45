"""The report on the terminal: findings by rule, a table, settings, what to do next; the verdict as the last line."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from validator.engine.run_files.result import RunResult
from validator.findings import count, printable
from validator.report import replayed
from validator.report.assumed import assumed_limits
from validator.report.finished import gate_notes
from validator.report.found import print_findings
from validator.report.tables import console_for, indented, print_table
from validator.report.verdict import WORDS, describe, ordered_rules
from validator.run_folder.choose import latest
from validator.storage.remote import locate

_VERDICTS = {
    "passed": "bold green",
    "failed": "bold red",
    "unchecked": "bold yellow",
    "nothing to check": "bold yellow",
}


def full(result: RunResult, out: TextIO, *, quiet: bool = False, everything: bool = False) -> None:
    """Print the whole report; `quiet` leaves out everything but findings and verdict, `everything` shows every finding
    and the rules that did not run.
    """
    console = console_for(out)
    base = locate(result.summary["settings"]["dataset_info"]).parent
    if "replay" in result.summary:
        replayed.section(console, result.summary["replay"], base)
    print_findings(console, result, base, everything=everything)
    for note in gate_notes(result.summary):
        console.print(Text(note))
    if not quiet:
        _datasets(console, result.summary)
        _notes(console, result.summary, result.folder, everything=everything)
        _next(console, result)
        for number, line in enumerate(assumed_limits(result.summary, result.folder)):
            console.print(Text(indented(console, line) if number else line, style="" if number else "yellow"))
    console.print(Text(describe(result.summary), style=_VERDICTS[result.summary["verdict"]]))


def _datasets(console: Console, summary: dict[str, Any]) -> None:
    header = ("dataset", "rows", *WORDS.values(), "p50", "p90", "p99", "max", "image max")
    table = []
    for item in summary["datasets"]:
        lengths = item["num_tokens_full"]
        cells = [item["rows"]["total"], *(item["training"][outcome] for outcome in WORDS)]
        cells += [lengths["p50"], lengths["p90"], lengths["p99"], lengths["max"], item["num_image_tokens"]["max"]]
        if item["rows"]["total"]:
            table.append((item["dataset"], *map(_number, cells)))
    print_table(console, "Rows by what training makes of them; tokens per row before truncation", header, table)


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _by_reason(rules: list[dict[str, str]]) -> str:
    """`RP001 to RP010 (needs --replay); IM001 (ignored)`: codes without a gap in one, at most 12 of them per reason."""
    codes: dict[str, list[str]] = {}
    for rule in rules:
        codes.setdefault(rule["reason"], []).append(rule["code"])
    spans = {reason: _spans(mine) for reason, mine in codes.items()}
    return "; ".join(
        f"{', '.join(mine[:12])}{' ...' if len(mine) > 12 else ''} ({reason})" for reason, mine in spans.items()
    )


def _spans(codes: list[str]) -> list[str]:
    """Sorted codes, three or more that follow each other written as `CF001 to CF022`."""
    runs: list[list[str]] = []
    for code in codes:
        follows = runs and code[:-3] == runs[-1][-1][:-3] and int(code[-3:]) == int(runs[-1][-1][-3:]) + 1
        if follows:
            runs[-1].append(code)
        else:
            runs.append([code])
    return [word for run in runs for word in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else run)]


def _notes(console: Console, summary: dict[str, Any], folder: Path, *, everything: bool) -> None:
    if left := summary["not_selected"]:
        names = ", ".join(printable(item["dataset"]) for item in left[:5]) + (" ..." if len(left) > 5 else "")
        what = f"{count(len(left), 'dataset')} without local files ({names})"
        console.print(Text(f"not selected: {what}; name one with --dataset"))
    for entry in summary["unchecked_entries"][:5]:
        console.print(Text(printable(f"not checked: {entry['dataset']}: {entry['reason']}")))
    if (more := len(summary["unchecked_entries"]) - 5) > 0:
        console.print(Text(f"not checked: {count(more, 'more dataset')}"))
    if sources := {told["source"]: told["origin"] for told in summary.get("plugins", ())}:
        console.print(Text(f"third-party rules that ran: {'; '.join(map(_named, sources, sources.values()))}"))
    if everything and (rules := summary["rules_not_run"]):
        console.print(Text(f"rules not run: {_by_reason(rules)}"))
    settings = summary["settings"]
    shown = ", ".join(
        f"{name} {settings[name]}"
        for name in ("trainer", "processor", "cutoff_len", "image_max_pixels", "image_min_pixels", "integrity")
    )
    console.print(Text(f"settings: {shown}"))
    timing = f"{summary['timing']['seconds']:.1f} s, {summary['timing']['engine']}"
    console.print(Text(printable(f"results: {folder} ({timing}); rows count from 0")))


def _named(source: str, origin: str) -> str:
    """A file with its digest, a package with its version."""
    return printable(source if source == origin else f"{source} (SHA-256 {origin[:16]})")


def _next(console: Console, result: RunResult) -> None:
    """Say what can be done with this run, as commands: what fails first, the whole, a copy without the rows that fail.
    A run in .mmvalidate that has just ended is the one that commands take where none is named.
    """
    summary, folder = result.summary, result.folder
    worst = next((rule for rule in ordered_rules(summary) if result.tally.codes[rule["code"]]), None)
    newest = latest()
    run = "" if newest is not None and folder.absolute() == newest.absolute() else f" {quote(str(folder))}"
    steps = []
    if worst is not None:
        steps.append((f"mmvalidate rule {worst['code']}", "why it matters, and what to do"))
        if (shown := _first_row(result, worst["code"])) is not None:
            steps.append((f"mmvalidate view{run} {shown}", "the first such row"))
        steps.append((f"mmvalidate report{run} --report html=report.html", "every finding, with pictures"))
    if any(summary["rows"][status] for status in ("flagged", "dropped")):
        steps.append((f"mmvalidate export{run} --to clean", "a copy without the rows that fail"))
    width = max((len(command) for command, _ in steps), default=0)
    for command, words in steps:
        line = f"next: {command:<{width}}  {words}"
        narrow = len(line) > console.width and not console.soft_wrap
        console.print(Text(printable(f"next: {command}" if narrow else line)))
        if narrow:
            console.print(Text(indented(console, words), style="dim"))


def _first_row(result: RunResult, code: str) -> str | None:
    """The first row that breaks a rule, as `mmvalidate view` takes it; None where none does."""
    first = next((one for one in result.tally.examples.get(code, ()) if one.row is not None), None)
    if first is None:
        return None
    several = len(result.summary["datasets"]) > 1
    return f"{first.row} --dataset {quote(first.dataset)}" if several else str(first.row)
