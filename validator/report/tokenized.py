"""A folder of preprocessed rows on the terminal: what is in it, what stayed behind, what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

from rich.text import Text

from validator.findings import count, printable
from validator.report.tables import console_for
from validator.tokenizing.comparing import Compared

CODES = 6
"""Rules that are named."""


def tokenized(card: dict[str, Any], data: str, target: Path, out: TextIO) -> None:
    """Print the card of a folder."""
    console = console_for(out)
    splits = ", ".join(f"{name} {count(rows, 'row')}" for name, rows in card["splits"].items())
    lines = []
    if card["left_out"]:
        by_code = sorted(card["left_out_by_code"].items(), key=lambda item: (-item[1], item[0]))
        named = ", ".join(f"{code or 'without a finding'} {number:,}" for code, number in by_code[:CODES])
        more = ", ..." if len(by_code) > CODES else ""
        lines.append(f"left out: {count(card['left_out'], 'row')} ({named}{more}); why: {target / 'left_out.jsonl'}")
    for line in lines:
        console.print(Text(printable(line)))
    console.print(Text(printable(f"wrote {data} to {target}: {splits}"), style="bold"))
    console.print(Text(printable(f"train with {card['key']}: {target / card['within']}")))


def compared(found: Compared, out: TextIO) -> None:
    """Print what the trainer itself makes of some of the rows."""
    console = console_for(out)
    for row in found.different:
        console.print(Text(printable(f"{row.file} row {row.row} ({row.dataset}): {row.how}")))
    equal = found.rows - len(found.different)
    told = f"compared {count(found.rows, 'row')} with LLaMA-Factory {found.version}: {equal:,} equal"
    console.print(Text(printable(told), style="bold"))
