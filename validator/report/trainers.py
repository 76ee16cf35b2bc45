"""Several trainer profiles side by side on the terminal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TextIO

from rich.table import Table
from rich.text import Text

from validator.engine.compare.trainers import OUTCOMES, TrainerComparison
from validator.report.found import location
from validator.report.tables import console_for
from validator.trainers.registry import trainers

_BREAK = re.compile("(?<=llama)|(?=@)|(?<=-vl-)")
"""Where the name of a profile may be broken above a column of outcomes."""
_WIDEST = max(map(len, OUTCOMES))
_STYLES = {"whole": "green", "cut": "yellow", "stops": "bold red", "dropped": "red", "unchecked": "dim"}


def full(comparison: TrainerComparison, base: Path, out: TextIO) -> None:
    """Print rows by outcome under each profile, then where the profiles disagree."""
    console = console_for(out)
    table = _table("What becomes of the rows")
    table.add_column("trainer")
    for name in OUTCOMES:
        table.add_column(name, justify="right")
    for trainer in comparison.trainers:
        counts = comparison.counts[trainer]
        table.add_row(trainer, *(f"{counts[name]:,}" for name in OUTCOMES))
    console.print(table)
    console.print()
    if comparison.patterns:
        table = _table("Rows that fare differently")
        table.add_column("rows", justify="right")
        for trainer in comparison.trainers:
            table.add_column(_BREAK.sub("\n", trainer), overflow="fold", min_width=_WIDEST)
        table.add_column("first", no_wrap=True)
        for pattern in comparison.patterns:
            cells = [Text(outcome, style=_STYLES[outcome]) for outcome in pattern.outcomes]
            table.add_row(f"{pattern.rows:,}", *cells, Text(location(base, *pattern.first)))
        console.print(table)
        console.print()
    for trainer, reason in comparison.left_out.items():
        console.print(Text(f"not run: {trainer} ({reason})"))
    for trainer in comparison.trainers:
        console.print(Text(f"{trainer}: {trainers()[trainer].describes}", style="dim"))
    console.print(Text(f"all rows: {comparison.table}; each profile's findings lie beside it"))


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
