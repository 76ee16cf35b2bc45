"""The comparison of two runs on the terminal."""

from __future__ import annotations

from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from validator.engine.compare.runs import Comparison, document
from validator.findings import SEVERITIES, count, printable
from validator.report.found import STYLES, print_places
from validator.report.tables import Cell, console_for, print_table
from validator.storage.remote import locate


def compared(result: Comparison, out: TextIO) -> None:
    """Print new findings, the counts by rule, rows and tokens of each dataset, and a last line that sums up."""
    console, content = console_for(out), document(result)
    base = locate(result.summaries[1]["settings"]["dataset_info"]).parent
    for code, findings in sorted(result.examples.items()):
        print_places(console, result.summaries[1], findings, base)
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
    table: list[tuple[Cell, ...]] = []
    for rule in content["rules"]:
        style = STYLES[rule["severity"]]
        code, severity = (Text(rule[name], style=style) for name in ("code", "severity"))
        if rule["new"] or rule["gone"]:
            table.append((code, severity, *(f"{rule[name]:,}" for name in ("new", "gone", "same"))))
    print_table(
        console, "Findings by rule", ("code", "severity", "new", "gone", "unchanged"), table, text=("severity",)
    )


def _datasets(console: Console, content: dict[str, Any]) -> None:
    """A row for each dataset that differs."""
    table = []
    for item in content["datasets"]:
        sides = zip(item["rows"], item["num_tokens_full"], item["num_image_tokens"], strict=True)
        before, after = (_numbers(*side) for side in sides)
        if before != after and (before[0] or after[0]):
            table.append((item["dataset"], *map(_change, before, after)))
    header = ("dataset", "rows", "ok", "p50", "p99", "max", "image max")
    print_table(console, "Rows and tokens per row, before -> now", header, table, optional=("p50", "p99", "ok"))


def _numbers(rows: Any, lengths: Any, images: Any) -> tuple[int | None, ...]:
    """What is shown of one run; all None where it does not have the dataset."""
    if rows is None:
        return (None,) * 6
    return rows["total"], rows["ok"], lengths["p50"], lengths["p99"], lengths["max"], images["max"]


def _change(before: int | None, after: int | None) -> str:
    shown = ["-" if value is None else f"{value:,}" for value in (before, after)]
    return shown[0] if before == after else " -> ".join(shown)
