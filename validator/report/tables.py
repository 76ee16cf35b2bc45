"""Tables on the terminal. Where it is narrow, columns that say least are left out, or each row becomes a few lines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from textwrap import fill, wrap
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from validator.findings import clip, printable

PLAIN_WIDTH = 120
"""Characters a line of a table may have where stdout is no terminal."""
NAME_WIDTH = 40
"""Characters of a name from data in the first column."""
Cell = str | Text
NOTHING = ("", "0", "-")


def console_for(out: TextIO) -> Console:
    """A console that wraps lines between words on a terminal only; colours too, unless NO_COLOR is set."""
    terminal = out.isatty()
    return _Console(file=out, highlight=False, soft_wrap=not terminal, width=None if terminal else PLAIN_WIDTH)


class _Console(Console):
    """Prints what stands in data, names and run folders as text: no control character of theirs reaches a terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is printed, in pieces of one style."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield segment._replace(text="\n".join(map(printable, segment.text.split("\n"))))


def indented(console: Console, text: str) -> str:
    """Text four characters in, its later lines too where lines are wrapped."""
    if console.soft_wrap:
        return f"    {text}"
    return fill(text, max(console.width, 24), initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)


def print_table(
    console: Console,
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    text: Collection[str] = (),
    optional: Sequence[str] = (),
) -> None:
    """Print rows under a title, followed by an empty line; nothing where there are no rows. The first column names the
    row; it and the columns in `text` are text, all others numbers. `optional` columns may be left out, in this order.
    """
    if not rows:
        return
    named: list[Sequence[Cell]]
    named = [(row[0] if isinstance(row[0], Text) else Text(clip(row[0], NAME_WIDTH)), *row[1:]) for row in rows]
    fitting = _fit(console.width, header, named, optional)
    if fitting is not None:
        table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for name in fitting:
            table.add_column(name, justify="left" if name in (header[0], *text) else "right", no_wrap=True)
        for row in named:
            table.add_row(*(cell for name, cell in zip(header, row, strict=True) if name in fitting))
        console.print(table)
    else:
        console.print(Text("\n".join(wrap(title, console.width)), style="italic"))
        for row in named:
            _print_stacked(console, header, row)
    console.print()


def _fit(
    width: int, header: Sequence[str], rows: Sequence[Sequence[Cell]], optional: Sequence[str]
) -> list[str] | None:
    """The columns that fit: all, or without those that hold nothing, or without optional ones too; None if too many."""
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    empty = [name for name in header[1:] if all(str(cell) in NOTHING for cell in columns[name])]
    kept = list(header)
    for name in ("", *empty, *optional):
        kept = [other for other in kept if other != name]
        wide = sum(max(cell_len(str(cell)) for cell in (other, *columns[other])) for other in kept)
        if wide + 2 * (len(kept) - 1) <= width:
            return kept
    return None


def _print_stacked(console: Console, header: Sequence[str], row: Sequence[Cell]) -> None:
    """`name`, and below it what is not nothing, as `rows 47, ok 23 ...` in lines that fit."""
    first = row[0] if isinstance(row[0], Text) else Text(row[0])
    console.print(Text.assemble(first, style="bold"))
    parts = [f"{name} {cell}" for name, cell in zip(header[1:], row[1:], strict=True) if str(cell) not in NOTHING]
    for line in wrap(", ".join(parts), max(console.width - 2, 20), break_long_words=False, break_on_hyphens=False):
        console.print(Text(f"  {line}"))
