"""`mmvalidate view RUN [ROW]`: one row of a finished run, and from there to others by keys."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from validator.cli.command import make
from validator.cli.common import RUN, VERBOSE, guarded, the_run, usage

if TYPE_CHECKING:
    from validator.report.viewer.rows import Rows

_KEYS = "n next  p previous  f next finding  b finding before  q quit"


def view(
    run: RUN = None,
    row: str | None = typer.Argument(
        None,
        help="Its number in its file, from 0, or its id. Default: the first row with a finding.",
        show_default=False,
    ),
    dataset: str | None = typer.Option(None, help="The dataset of the row, where several have it."),
    file: str | None = typer.Option(None, help="The file of the row, where several have it."),
    verbose: VERBOSE = False,
) -> None:
    """Show one row: its pictures, turns, tokens, what is cut, its findings.

    Pictures are drawn where the terminal can (kitty, iTerm2, sixel); elsewhere their paths stand. On a terminal keys
    lead to the next row, the one before, and the next finding.
    """
    if run is not None and row is None and not os.path.lexists(run):  # `mmvalidate view 409`, of the latest run
        run, row = None, str(run)
    folder = the_run(run)

    def work() -> int:
        from validator.engine.run_files.finished import FinishedRun
        from validator.report.viewer.rows import Rows

        rows = Rows(FinishedRun.whole(folder))
        if not rows.number:
            raise ValueError(f"{folder} holds no rows.")
        try:
            place = rows.first() if row is None else rows.place(row, dataset, file)
        except ValueError as error:
            usage(error)
        _show(rows, place)
        return 0

    raise typer.Exit(guarded(work, verbose, what="the viewer", kept="nothing was changed"))


def _show(rows: Rows, place: int) -> None:
    """Print a row; on a terminal wait for keys, and print where they lead."""
    from validator.report.tables import console_for
    from validator.report.viewer.keys import has_keys, read_key, single_keys
    from validator.report.viewer.pictures import announced
    from validator.report.viewer.shown import print_row

    console, protocol = console_for(sys.stdout), announced()
    base = Path(rows.base)

    def show(at: int) -> None:
        print_row(console, rows.read(at), rows.summary, base, protocol)

    show(place)
    if not (sys.stdin.isatty() and sys.stdout.isatty() and has_keys()):
        return
    steps = {"n": lambda at: min(at + 1, rows.number - 1), "p": lambda at: max(at - 1, 0)}
    steps |= {" ": steps["n"], "f": lambda at: rows.next_found(at, 1), "b": lambda at: rows.next_found(at, -1)}
    with single_keys():
        while True:
            print(f"\n{_KEYS}  ({place + 1:,} of {rows.number:,})", flush=True)
            key = read_key()
            if key in ("q", "\x03", "\x04"):
                return
            if key in steps:
                place = steps[key](place)
                show(place)


COMMAND = make("view", view)
