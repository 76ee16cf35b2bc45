"""The comparison of two runs on the terminal."""

from __future__ import annotations

from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from validator.engine.compare import Comparison, document
from validator.files import locate
from validator.findings import SEVERITIES, count, printable
from validator.report.console import STYLES, console_for, print_finding

_SHOWN = ("p50", "p99", "max")


def compared(result: Comparison, out: TextIO) -> None:
    """Print new findings, the counts by rule, rows and tokens of each dataset, and a last line that sums up."""
    console, content = console_for(out), document(result)
    base = locate(result.summaries[1]["settings"]["dataset_info"]).parent
    for code, findings in sorted(result.examples.items()):
        for finding in findings:
            print_finding(console, finding, base)
        number = sum(times for (mine, _), times in result.new.items() if mine == code)
        if number > len(findings):
            console.print(Text(f"... and {number - len(findings):,} more new {code}", style="dim"))
    if result.examples:
        console.print()
    _rules(console, content)
    _datasets(console, content)
    for name, (before, after) in content["settings_changed"].items():
        console.print(Text(printable(f"setting {name}: {before} before, {after} now")))
    for name, (before, after) in content["versions_changed"].items():
        console.print(Text(printable(f"version of {name}: {before} before, {after} now"), style="dim"))
    console.print(Text(last_line(content), style="bold red" if result.new_errors else "bold green"))


def last_line(content: dict[str, Any]) -> str:
    """`2 new errors, 1 new warning; 3 gone, 40 unchanged`."""
    found = content["findings"]
    numbers = {severity: found["new"][severity] for severity in SEVERITIES if found["new"][severity]}
    new = [
        f"{number:,} new {severity}" + "s" * (severity != "info" and number > 1) for severity, number in numbers.items()
    ]
    gone, same = (sum(found[name].values()) for name in ("gone", "same"))
    return f"{', '.join(new) or 'nothing new'}; {count(gone, 'finding')} gone, {same:,} unchanged"


def _rules(console: Console, content: dict[str, Any]) -> None:
    changed = [rule for rule in content["rules"] if rule["new"] or rule["gone"]]
    if not changed:
        return
    table = Table(title="Findings by rule", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in ("code", "severity"):
        table.add_column(name)
    for name in ("new", "gone", "unchanged"):
        table.add_column(name, justify="right")
    for rule in changed:
        style = STYLES[rule["severity"]]
        numbers = (f"{rule[name]:,}" for name in ("new", "gone", "same"))
        table.add_row(Text(rule["code"], style=style), Text(rule["severity"], style=style), *numbers)
    console.print(table)
    console.print()


def _datasets(console: Console, content: dict[str, Any]) -> None:
    """A line per dataset and measure that differs: before -> now."""
    table = Table(
        title="Rows and tokens per row, before -> now", title_justify="left", box=None, pad_edge=False,
        header_style="bold",
    )  # fmt: skip
    table.add_column("dataset", overflow="fold")
    for name in ("rows", "ok", *_SHOWN, "image max"):
        table.add_column(name, justify="right", no_wrap=True)
    for item in content["datasets"]:
        sides = [
            None if rows is None else (rows["total"], rows["ok"], *(lengths[name] for name in _SHOWN), images["max"])
            for rows, lengths, images in zip(
                item["rows"], item["num_tokens_full"], item["num_image_tokens"], strict=True
            )
        ]
        if sides[0] != sides[1] and any(side and side[0] for side in sides):
            before, after = (side or (None,) * 6 for side in sides)
            cells = (_change(*pair) for pair in zip(before, after, strict=True))
            table.add_row(Text(printable(item["dataset"])), *cells)
    if table.row_count:
        console.print(table)
        console.print()


def _change(before: int | None, after: int | None) -> str:
    shown = ["-" if value is None else f"{value:,}" for value in (before, after)]
    return shown[0] if before == after else " -> ".join(shown)
