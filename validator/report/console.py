"""The report on the terminal: findings with help, capped per rule; tables; settings; the verdict as the last line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from validator.engine.run import RunResult
from validator.files import locate
from validator.findings import Finding, count, printable
from validator.report import replayed

PLAIN_WIDTH = 120
"""Characters a line of a table may have where stdout is no terminal."""
_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_VERDICTS = {
    "passed": "bold green",
    "failed": "bold red",
    "unchecked": "bold yellow",
    "nothing to check": "bold yellow",
}


def full(result: RunResult, out: TextIO, *, quiet: bool = False) -> None:
    """Print the whole report; `quiet` leaves out everything but findings and verdict."""
    width = None if out.isatty() else PLAIN_WIDTH
    console = Console(file=out, highlight=False, soft_wrap=True, width=width)
    base = locate(result.summary["settings"]["dataset_info"]).parent
    _findings(console, result, base)
    if "replay" in result.summary:
        replayed.section(console, result.summary["replay"], base)
    if not quiet:
        _datasets(console, result.summary)
        _rules(console, result.summary)
        _notes(console, result.summary, result.folder)
    console.print(Text(verdict(result.summary), style=_VERDICTS[result.summary["verdict"]]))


def location(base: Path, dataset: str, file: str | None, row: int | None) -> str:
    """`folder/file:row`, with the row counted from 0; the dataset's name in brackets where there is no file."""
    if file is None:
        return f"[{printable(dataset)}]"
    return printable(f"{base / file}") + ("" if row is None else f":{row}")


def verdict(summary: dict[str, Any]) -> str:
    """The last line: passed, failed or unchecked, with the counts of rows."""
    rows, found = summary["rows"], summary["findings"]
    parts = [count(rows["total"], "row"), f"{rows['ok']:,} ok"]
    parts += [f"{rows[status]:,} {status}" for status in ("flagged", "dropped", "unchecked") if rows[status]]
    parts += [count(found[severity], severity) for severity in ("error", "warning") if found[severity]]
    if entries := summary["unchecked_entries"]:
        parts.append(f"{count(len(entries), 'dataset')} not checked")
    return f"{summary['verdict']}: " + ", ".join(parts)


def _findings(console: Console, result: RunResult, base: Path) -> None:
    for code in sorted(result.tally.examples):
        for finding in result.tally.examples[code]:
            _finding(console, finding, base)
        if (more := result.tally.codes[code] - len(result.tally.examples[code])) > 0:
            console.print(Text(f"... and {more:,} more {code}", style="dim"))
    if result.tally.examples:
        console.print()


def _finding(console: Console, finding: Finding, base: Path) -> None:
    line = Text()
    line.append(location(base, finding.dataset, finding.file, finding.row), style="bold")
    line.append(f" {finding.code}", style=_STYLES[finding.severity])
    line.append(f" {finding.name}", style="dim")
    line.append(f" {finding.message}")
    console.print(line)
    console.print(Text(f"    help: {finding.help}", style="dim"))


def _datasets(console: Console, summary: dict[str, Any]) -> None:
    datasets = [item for item in summary["datasets"] if item["rows"]["total"]]
    if not datasets:
        return
    title = "Datasets, with tokens per row before truncation"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("dataset", overflow="ellipsis", no_wrap=True)
    for name in ("rows", "ok", "flagged", "dropped", "unchecked", "p50", "p90", "p99", "max", "image max"):
        table.add_column(name, justify="right", no_wrap=True)
    for item in datasets:
        rows, lengths = item["rows"], item["num_tokens_full"]
        cells = [rows["total"], rows["ok"], rows["flagged"], rows["dropped"], rows["unchecked"]]
        cells += [lengths["p50"], lengths["p90"], lengths["p99"], lengths["max"], item["num_image_tokens"]["max"]]
        table.add_row(Text(printable(item["dataset"])), *(_number(cell) for cell in cells))
    console.print(table)
    console.print()


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _rules(console: Console, summary: dict[str, Any]) -> None:
    if not summary["rules"]:
        return
    table = Table(title="Findings by rule", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in ("code", "rule", "severity"):
        table.add_column(name)
    table.add_column("count", justify="right")
    for rule in summary["rules"]:
        style = _STYLES[rule["severity"]]
        table.add_row(
            Text(rule["code"], style=style), rule["name"], Text(rule["severity"], style=style), f"{rule['count']:,}"
        )
    console.print(table)
    console.print()


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
        console.print(
            Text(f"not selected: {len(left)} datasets that are no local files ({names}); name one with --dataset")
        )
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
            Text(f"note: {name} is {values['here']}; the trainer's own default is {values['trainer']}", style="dim")
        )
    timing = f"{summary['timing']['seconds']:.1f} s, {summary['timing']['engine']}"
    console.print(Text(f"results: {folder} ({timing}); rows count from 0; see mmvalidate rule CODE"))
