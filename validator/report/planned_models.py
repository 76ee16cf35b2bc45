"""Models side by side as a table on the terminal."""

from __future__ import annotations

from typing import TextIO

from rich.table import Table
from rich.text import Text

from validator.findings import count
from validator.planning.models import ModelOption, ModelPlan
from validator.report.tables import console_for
from validator.run_folder.choose import data_of

_COLUMNS = ("stops", "cut", "whole", "unchecked", "text", "visual", "tokens/epoch", "cost", "padding", "longest")


def full(plan: ModelPlan, out: TextIO) -> None:
    """Print the table, the models that are left out, and which rows were read again."""
    console = console_for(out)
    own = plan.models[0]
    settings = plan.settings
    limits = f"cutoff_len {settings.cutoff_len:,}, image_max_pixels {settings.image_max_pixels:,}"
    rows = f"{own.option.counts.rows:,} rows under {settings.trainer}, {limits}"
    title = f"{data_of(settings.model_dump())}: {rows}; padding in batches of {plan.batch_size}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("model")
    table.add_column("fed as")
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for model in plan.models:
        table.add_row(model.processor, model.template or model.family, *_cells(model, own))
    console.print(table)
    console.print()
    for line in _said(plan):
        console.print(Text(line))


def _cells(model: ModelOption, own: ModelOption) -> list[str]:
    counts, before = model.option.counts, own.option.counts.num_tokens
    text = counts.num_tokens - counts.num_visual_tokens
    numbers = [counts.crashed, counts.cut, counts.whole, counts.unchecked, text, counts.num_visual_tokens]
    cost = f"{counts.num_tokens / before:.0%}" if before else "-"
    cells = [*numbers, counts.num_tokens]
    return [*(f"{number:,}" for number in cells), cost, f"{model.option.padding_waste:.1%}", f"{counts.longest:,}"]


def _said(plan: ModelPlan) -> list[str]:
    own, *others = plan.models
    lines = [f"cost: tokens of an epoch, beside those of the run's own model, {own.processor}. No medium was opened."]
    for model in others:
        if model.read_again:
            lines.append(f"{model.processor}: the text of {count(model.read_again, 'row')} was read again; the others "
                         "have the same tokens under both models.")  # fmt: skip
        else:
            lines.append(f"{model.processor}: from stored facts alone.")
        more = model.option.counts.unchecked - own.option.counts.unchecked
        if more > 0:
            lines.append(f"{model.processor}: {count(more, 'row')} more unchecked than in the run: with --processor "
                         f"{model.processor}, check says what of them can be counted.")  # fmt: skip
    lines += [f"{name} is left out: {reason}." for name, reason in plan.left_out.items()]
    return lines
