"""`mmvalidate clean`: remove what is kept between runs."""

from __future__ import annotations

from pathlib import Path

import typer

from validator.cli.command import make
from validator.cli.common import guarded, say
from validator.errors import BusyError
from validator.findings import printable


def clean(
    folders: list[Path] = typer.Argument(None, help="Run folders. Default: all in .mmvalidate.", show_default=False),
    everything: bool = typer.Option(False, "--all", help="Also remove results, not only the cache."),
) -> None:
    """Remove cached files of runs; results stay, unless --all is given.

    Only run folders are cleaned, and only of files that mmvalidate wrote; links are not followed. Exit code 3 if one
    is in use.
    """
    from validator.run_folder.choose import HOME

    chosen = folders or sorted(path for path in HOME.glob("*") if path.is_dir())

    def work() -> int:
        code = 0
        for folder in chosen:
            try:
                _clean(folder, everything=everything)
            except BusyError as error:
                say(str(error))
                code = 3
        return code

    raise typer.Exit(guarded(work, False, "cleaning", "what is not removed yet stays"))


def _clean(folder: Path, *, everything: bool) -> None:
    from validator.findings import count
    from validator.run_folder.lock import hold
    from validator.run_folder.mark import is_run
    from validator.run_folder.sweep import remove_all, remove_cache, runs_within

    name = printable(str(folder))
    if not is_run(folder):
        print(f"{name}: not a run folder, left alone")
        return
    with hold(folder, "clean"):
        for within in runs_within(folder):
            _clean(within, everything=everything)
        print(f"{name}: {remove_cache(folder) / 1e6:,.1f} MB of cache removed")
        if everything and (left := remove_all(folder)):
            print(f"{name}: {count(len(left), 'other file')} left alone: {printable(', '.join(left[:5]))}")


COMMAND = make("clean", clean)
