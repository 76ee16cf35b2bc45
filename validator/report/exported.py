"""An export on the terminal: what went, what stayed and why, what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from validator.catalog.registry import is_data
from validator.exporting.export import NOT_CHECKED
from validator.exporting.names import YAML_REGISTRY
from validator.exporting.registry_file import name_of
from validator.findings import count, printable
from validator.report.tables import console_for, print_table
from validator.report.verdict import describe
from validator.storage.paths import SAVED
from validator.storage.remote import locate

CODES = 6
"""Rules that are named for each dataset."""
NAMES = 5
"""Datasets that are named in one line."""


def exported(record: dict[str, Any], data: str, target: Path, check: dict[str, Any] | None, out: TextIO) -> None:
    """Print export.json of some data, and the summary of the run that checked the copy."""
    console = console_for(out)
    datasets = [item for item in record["datasets"] if item["kept"] or item["quarantined"]]
    table = [
        (item["dataset"], *(f"{item[name]:,}" for name in ("kept", "fixed", "quarantined")), _codes(item["by_code"]))
        for item in datasets
    ]
    print_table(console, "Rows", ("dataset", "kept", "fixed", "quarantined", "by rule"), table, text=("by rule",))
    _left_out(console, record)
    if check is not None:
        console.print(Text(f"The copy was checked under the settings of the run. {describe(check)}"))
    kept, fixed, behind = (sum(item[name] for item in datasets) for name in ("kept", "fixed", "quarantined"))
    line = f"exported {data} to {target}: {count(kept, 'row')} kept, {fixed:,} of them fixed, {behind:,} quarantined"
    console.print(Text(printable(line), style="bold"))
    _next(console, record, target)


def _codes(by_code: dict[str, int]) -> str:
    shown = sorted(by_code.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{code} {number:,}" for code, number in shown[:CODES]) + (", ..." if len(shown) > CODES else "")


def _left_out(console: Console, record: dict[str, Any]) -> None:
    unseen = [item["dataset"] for item in record["left_out"] if item["reasons"][0]["message"] == NOT_CHECKED]
    if unseen:
        names = ", ".join(unseen[:NAMES]) + (", ..." if len(unseen) > NAMES else "")
        console.print(
            Text(printable(f"left out, because not checked in this run: {names} ({count(len(unseen), 'dataset')})"))
        )
    for item in record["left_out"]:
        reason = item["reasons"][0]
        if item["dataset"] in unseen:
            continue
        words = f"{reason['code']} {reason['message']}".strip()
        more = f" (and {len(item['reasons']) - 1} more)" if len(item["reasons"]) > 1 else ""
        console.print(Text(printable(f"left out: {item['dataset']}: {words}{more}")))
    for item in record["columns_left_out"]:
        columns = ", ".join(f"`{name}`" for name in item["columns"])
        console.print(Text(printable(f"{item['dataset']}: no row has {columns} any more: left out of `columns`")))
    for item in record["notes"]:
        console.print(Text(printable(f"{item['dataset']}: {item['file']}: {item['note']}")))
    for item in record.get("coordinates", ()):
        said = f"coordinates converted from {item['from']} to {item['to']} in {count(item['rows'], 'row')}"
        console.print(Text(printable(f"{item['dataset']}: {said}")))
    if record.get("coordinates") or record["left_out"] or record["columns_left_out"] or record["notes"]:
        console.print()


def _next(console: Console, record: dict[str, Any], target: Path) -> None:
    media = record["media"]
    lines = [f"train with dataset_dir: {target}" + (f", media_dir: {media['media_dir']}" if media["media_dir"] else "")]
    source = locate(record["source"])
    if is_data(source):
        lines = [f"train on: {target / source.name}"]
        if (source / SAVED).exists():
            lines.append("its Arrow files are read by load_dataset('arrow', data_files=...), not by load_from_disk")
    elif name_of(source.name) == YAML_REGISTRY:
        lines = [
            f"train on: {target / YAML_REGISTRY}, started in {media['media_dir'] or target}, where paths of media begin"
        ]
    if placed := ", ".join(f"{media[name]:,} {name}" for name in ("linked", "symlinked", "copied") if name in media):
        lines.append(f"media: {placed}")
    lines.append(f"why each row stayed behind: {target / 'dropped.jsonl'}; the rows: {target / 'quarantine'}")
    if record["policy"]["fix"]:
        lines.append(f"what was repaired: {target / 'fixes.jsonl'}")
    for line in lines:
        console.print(Text(printable(line)))
