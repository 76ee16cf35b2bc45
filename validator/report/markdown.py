"""Markdown for a job summary, a comment or a wiki: the verdict, the datasets, the findings by rule and dataset.

Text from data stands in code spans: there it pings nobody, links nowhere and is no HTML.
"""

from __future__ import annotations

import re
from typing import Any, TextIO

from validator.findings import clip
from validator.report.finished import Finished, Group, gate_notes
from validator.report.verdict import WORDS, describe

_TICKS = re.compile("`+")

BYTES = 4_000_000
MESSAGE = 300
"""Characters of a message."""
EXAMPLES = 3
_MARKS = {"passed": "✅", "failed": "❌", "unchecked": "⚠️", "nothing to check": "⚠️"}


def write(run: Finished, out: TextIO) -> None:
    """Write the report."""
    out.write(text(run, BYTES))


def text(run: Finished, most: int) -> str:
    """The report, with as many findings as fit into some bytes of UTF-8."""
    summary = run.summary
    head = [f"## {_MARKS[summary['verdict']]} mmvalidate {describe(summary)}", ""]
    notes = [*_unchecked(summary), *map(code, gate_notes(summary))]
    head += [f"- {note}" for note in notes] + ([""] if notes else [])
    lines = [*head, *_datasets(summary), *_settings(summary)]
    size = sum(len(line.encode()) + 1 for line in lines)
    groups = [group for group in run.groups if group.count]
    if groups:
        table = ["| | rule | dataset | found | first |", "|---|---|---|--:|---|"]
        told = 0
        for group in groups:
            row = _group(group)
            size += len(row.encode()) + 1
            if size > most - 1000:
                break
            table.append(row)
            told += 1
        lines += ["### Findings", "", *table, ""]
        if told < len(groups):
            lines += [f"{len(groups) - told:,} more rules and datasets have findings; findings.parquet holds all.", ""]
        lines += ["Rows count from 0. `mmvalidate rule CODE` explains a rule.", ""]
    return "\n".join(lines)


def code(content: str) -> str:
    """Any text as one code span that also holds in a table."""
    shown = clip(content, MESSAGE) or " "
    ticks = max((len(run) for run in _TICKS.findall(shown)), default=0) + 1
    space = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{'`' * ticks}{space}{shown}{space}{'`' * ticks}".replace("|", "\\|")


def _group(group: Group) -> str:
    first = group.examples[0]
    rows = [str(example["row"]) for example in group.examples if example["row"] is not None]
    where = f"{first['file'] or group.dataset}" + (f" row {rows[0]}" if rows else "")
    others = rows[1:EXAMPLES]
    more = f", also row{'s' if len(others) > 1 else ''} {', '.join(others)}" if others else ""
    cells = [group.severity, f"{group.code} {code(group.name)}", code(group.dataset), f"{group.count:,}"]
    cells.append(f"{code(where)} {code(first['message'])}{more}")
    return f"| {' | '.join(cells)} |"


def _datasets(summary: dict[str, Any]) -> list[str]:
    datasets = [item for item in summary["datasets"] if item["rows"]["total"]][:200]
    if not datasets:
        return []
    lines = [
        f"| dataset | rows | {' | '.join(WORDS.values())} | tokens p50 | p99 | max |",
        f"|---|{'--:|' * (len(WORDS) + 4)}",
    ]
    for item in datasets:
        lengths = item["num_tokens_full"]
        numbers = [item["rows"]["total"], *(item["training"][outcome] for outcome in WORDS)]
        numbers += [lengths[name] for name in ("p50", "p99", "max")]
        shown = " | ".join("-" if number is None else f"{number:,}" for number in numbers)
        lines.append(f"| {code(item['dataset'])} | {shown} |")
    return [*lines, ""]


def _unchecked(summary: dict[str, Any]) -> list[str]:
    return [
        f"not checked: {code(item['dataset'])}: {code(item['reason'])}" for item in summary["unchecked_entries"][:50]
    ]


def _settings(summary: dict[str, Any]) -> list[str]:
    settings = summary["settings"]
    names = ("trainer", "processor", "cutoff_len", "image_max_pixels", "image_min_pixels", "integrity")
    return [f"Settings: {', '.join(f'{name} {code(str(settings[name]))}' for name in names)}", ""]
