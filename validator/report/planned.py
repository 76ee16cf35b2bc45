"""Plans as a table on the terminal."""

from __future__ import annotations

from typing import TextIO

from rich.table import Table
from rich.text import Text

from validator.planning.plan import Option, Plan
from validator.report.tables import console_for
from validator.run_folder.choose import data_of

_COLUMNS = ("stops", "cut", "whole", "tokens/epoch", "visual", "labels", "kept", "padding", "longest")


def full(plan: Plan, out: TextIO) -> None:
    """Print the table, what is recommended, and what it costs."""
    console = console_for(out)
    counts = plan.current.counts
    parts = [f"{counts.rows:,} rows"] + [f"{counts.dropped:,} dropped"] * bool(counts.dropped)
    parts += [f"{counts.unchecked:,} unchecked"] * bool(counts.unchecked)
    title = f"{data_of(plan.settings.model_dump())}: {', '.join(parts)}; padding in batches of {plan.batch_size}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    boxes = any(option.small_boxes is not None and option.small_boxes.boxes for option in plan.options)
    for name in ("pixels", "cutoff", *_COLUMNS, *["small boxes"] * boxes):
        table.add_column(name, justify="right", no_wrap=True)
    for option in plan.options:
        mark = "bold green" if option is plan.recommended else "" if option.sound else "dim"
        table.add_row(
            f"{option.image_max_pixels:,}",
            f"{option.cutoff_len:,}",
            *_cells(option),
            *_boxes(option) * boxes,
            style=mark,
        )
    console.print(table)
    console.print()
    for line in plan.advice():
        console.print(Text(line))


def _boxes(option: Option) -> list[str]:
    return [f"{option.small_boxes.share:.1%}" if option.small_boxes is not None else ""]


def _cells(option: Option) -> list[str]:
    counts = option.counts
    numbers = [counts.crashed, counts.cut, counts.whole, counts.num_tokens, counts.num_visual_tokens]
    numbers.append(counts.num_label_tokens)
    shares = [f"{option.labels_kept:.2%}", f"{option.padding_waste:.1%}"]
    return [*(f"{number:,}" for number in numbers), *shares, f"{counts.longest:,}"]
