"""Plans as a table on the terminal."""

from __future__ import annotations

from typing import TextIO

from rich.text import Text

from validator.findings import printable
from validator.planning.plan import Option, Plan
from validator.report.tables import console_for, print_table
from validator.run_folder.choose import data_of

_COLUMNS = ("stops", "cut", "whole", "tokens/epoch", "visual", "labels", "kept", "padding", "longest")


def full(plan: Plan, out: TextIO) -> None:
    """Print the table, what is recommended, and what it costs. Where the terminal is narrow each pair of limits becomes
    a few lines: no number is cut.
    """
    console = console_for(out)
    counts = plan.current.counts
    parts = [f"{counts.rows:,} rows"] + [f"{counts.dropped:,} dropped"] * bool(counts.dropped)
    parts += [f"{counts.unchecked:,} unchecked"] * bool(counts.unchecked)
    title = f"{data_of(plan.settings.model_dump())}: {', '.join(parts)}; padding in batches of {plan.batch_size}"
    own = (plan.current.image_max_pixels, plan.current.cutoff_len)
    rows = []
    for option in plan.options:
        style = "bold green" if option is plan.recommended else "" if option.sound else "dim"
        limits = f"{option.image_max_pixels:,} / {option.cutoff_len:,}"
        marks = ["recommended"] * (option is plan.recommended)
        marks += ["this run"] * ((option.image_max_pixels, option.cutoff_len) == own)
        rows.append([Text(cell, style=style) for cell in (limits, *_cells(option), ", ".join(marks))])
    print_table(console, printable(title), ("pixels / cutoff", *_COLUMNS, "note"), rows, text=("note",))
    for line in plan.advice():
        console.print(Text(line))


def _cells(option: Option) -> list[str]:
    counts = option.counts
    numbers = [counts.crashed, counts.cut, counts.whole, counts.num_tokens, counts.num_visual_tokens]
    numbers.append(counts.num_label_tokens)
    shares = [f"{option.labels_kept:.2%}", f"{option.padding_waste:.1%}"]
    return [*(f"{number:,}" for number in numbers), *shares, f"{counts.longest:,}"]
