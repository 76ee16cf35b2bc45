"""The report on the terminal: findings with help, capped per rule; tables; settings; the verdict as the last line."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from validator.engine.run_files.result import RunResult
from validator.findings import Finding, count, printable
from validator.report import replayed
from validator.report.finished import EXAMPLES, describe, gate_notes
from validator.report.tables import console_for, indented, print_table
from validator.storage.remote import locate

STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_VERDICTS = {
    "passed": "bold green",
    "failed": "bold red",
    "unchecked": "bold yellow",
    "nothing to check": "bold yellow",
}


def full(result: RunResult, out: TextIO, *, quiet: bool = False) -> None:
    """Print the whole report; `quiet` leaves out everything but findings and verdict."""
    console = console_for(out)
    base = locate(result.summary["settings"]["dataset_info"]).parent
    _findings(console, result, base)
    for note in gate_notes(result.summary):
        console.print(Text(note))
    if "replay" in result.summary:
        replayed.section(console, result.summary["replay"], base)
    if not quiet:
        _datasets(console, result.summary)
        _rules(console, result.summary)
        _notes(console, result.summary, result.folder)
    console.print(Text(describe(result.summary), style=_VERDICTS[result.summary["verdict"]]))


def location(base: Path, dataset: str, file: str | None, row: int | None) -> str:
    """`folder/file:row`, with the row counted from 0; the dataset's name in brackets where there is no file."""
    if file is None:
        return f"[{printable(dataset)}]"
    return printable(f"{base / file}") + ("" if row is None else f":{row}")


def _findings(console: Console, result: RunResult, base: Path) -> None:
    for code in sorted(result.tally.examples):
        folders = [one for one in result.tally.folders.values() if one.first.code == code][:EXAMPLES]
        examples = result.tally.examples[code][: EXAMPLES - len(folders)]
        for finding in (*(one.finding for one in folders), *examples):
            print_finding(console, finding, base)
        if (more := result.tally.codes[code] - sum(one.number for one in folders) - len(examples)) > 0:
            console.print(Text(f"... and {more:,} more {code}", style="dim"))
    if result.tally.examples:
        console.print()


def print_finding(console: Console, finding: Finding, base: Path) -> None:
    """Print where it is, what it is, and what helps."""
    line = Text()
    line.append(location(base, finding.dataset, finding.file, finding.row), style="bold")
    line.append(f" {finding.code}", style=STYLES[finding.severity])
    line.append(f" {finding.name}", style="dim")
    line.append(f" {finding.message}")
    console.print(line)
    console.print(Text(indented(console, f"help: {finding.help}"), style="dim"))


def _datasets(console: Console, summary: dict[str, Any]) -> None:
    header = ("dataset", "rows", "ok", "flagged", "dropped", "unchecked", "p50", "p90", "p99", "max", "image max")
    table = []
    for item in summary["datasets"]:
        rows, lengths = item["rows"], item["num_tokens_full"]
        cells = [rows["total"], rows["ok"], rows["flagged"], rows["dropped"], rows["unchecked"]]
        cells += [lengths["p50"], lengths["p90"], lengths["p99"], lengths["max"], item["num_image_tokens"]["max"]]
        if rows["total"]:
            table.append((item["dataset"], *map(_number, cells)))
    print_table(
        console,
        "Datasets, with tokens per row before truncation",
        header,
        table,
        optional=("p90", "p99", "ok"),
    )


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _rules(console: Console, summary: dict[str, Any]) -> None:
    table = []
    for rule in summary["rules"]:
        style = STYLES[rule["severity"]]
        code, severity = (Text(rule[name], style=style) for name in ("code", "severity"))
        table.append((code, rule["name"], severity, f"{rule['count']:,}"))
    header = ("code", "rule", "severity", "count")
    print_table(console, "Findings by rule", header, table, text=header[:3], optional=("rule",))


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


def _notes(console: Console, summary: dict[str, Any], folder: Path) -> None:
    if left := summary["not_selected"]:
        names = ", ".join(printable(item["dataset"]) for item in left[:5]) + (" ..." if len(left) > 5 else "")
        what = f"{count(len(left), 'dataset')} without local files ({names})"
        console.print(Text(f"not selected: {what}; name one with --dataset"))
    if sources := {told["source"]: told["origin"] for told in summary.get("plugins", ())}:
        console.print(Text(f"third-party rules that ran: {'; '.join(map(_named, sources, sources.values()))}"))
    if rules := summary["rules_not_run"]:
        console.print(Text(f"rules not run: {_by_reason(rules)}"))
    settings = summary["settings"]
    shown = ", ".join(
        f"{name} {settings[name]}"
        for name in ("trainer", "processor", "cutoff_len", "image_max_pixels", "image_min_pixels", "integrity")
    )
    console.print(Text(f"settings: {shown}"))
    for name, values in summary["differs_from_trainer"].items():
        console.print(
            Text(
                f"warning: checked with {name} {values['here']}, but the trainer defaults to {values['trainer']}",
                style="dim",
            )
        )
    timing = f"{summary['timing']['seconds']:.1f} s, {summary['timing']['engine']}"
    console.print(Text(printable(f"results: {folder} ({timing}); rows count from 0")))
    _next(console, summary, folder)


def _named(source: str, origin: str) -> str:
    """A file with its digest, a package with its version."""
    return printable(source if source == origin else f"{source} (SHA-256 {origin[:16]})")


def _next(console: Console, summary: dict[str, Any], folder: Path) -> None:
    """Say what can be done with this run, as commands."""
    severities = ("error", "warning", "info")
    worst = min(summary["rules"], key=lambda rule: (severities.index(rule["severity"]), -rule["count"]), default=None)
    steps = []
    if worst is not None:
        steps.append((f"mmvalidate rule {worst['code']}", "why it matters, and what to do"))
        steps.append(
            (f"mmvalidate report {quote(str(folder))} --report html=report.html", "every finding, with pictures")
        )
    if summary["rows"]["flagged"] or summary["rows"]["dropped"]:
        steps.append((f"mmvalidate export {quote(str(folder))} --to clean", "a copy without the rows that fail"))
    width = max((len(command) for command, _ in steps), default=0)
    for command, words in steps:
        line = f"next: {command:<{width}}  {words}"
        narrow = len(line) > console.width and not console.soft_wrap
        console.print(Text(printable(f"next: {command}" if narrow else line)))
        if narrow:
            console.print(Text(indented(console, words), style="dim"))
