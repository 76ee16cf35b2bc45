"""What may run code or write elsewhere: what the command line or the environment names. What a settings file or a run
names is data until `--trust` says otherwise (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from validator.cli.config_file import Configured
from validator.option import DATA

if TYPE_CHECKING:
    from validator.engine.run_files.finished import FinishedRun

CODE = ("rules", "scheduler")
"""Options of `check` by which code comes in: Python files, and a scheduler, with which programs are exchanged."""
PLACES = ("run_dir", "report")
"""Options that name where something is written."""
TRUST = Annotated[
    bool | None,
    typer.Option(
        "--trust/--no-trust",
        help="Allow or ignore rules, a scheduler and files outside its folder that the settings file names.",
        show_default=False,
        rich_help_panel=DATA,
    ),
]
TRUST_RUN = Annotated[
    bool | None,
    typer.Option(
        "--trust/--no-trust",
        help="Run or skip the rule files that the run names.",
        show_default=False,
        rich_help_panel=DATA,
    ),
]


def left_out(context: typer.Context, trust: bool | None) -> frozenset[str]:
    """The options whose values only the settings file names and that are not taken from it.

    Raises ValueError where there are some and the user has not said what to do with them.
    """
    if trust or not isinstance(configured := context.obj, Configured) or configured.path is None:
        return frozenset()
    from_file = {
        name: value
        for name in (*CODE, *PLACES)
        if (value := context.params.get(name)) and context.get_parameter_source(name).name == "DEFAULT_MAP"  # type: ignore[union-attr]
    }
    home = configured.path.absolute().parent.resolve()
    named = [*_code(from_file), *_elsewhere(from_file, home)]
    if named and trust is None:
        said = ", ".join(f"{name.replace('_', '-')} = {value}" for name, value in named)
        raise ValueError(
            f"{configured.path} names code to run or places outside its folder ({said}), and may have come with the "
            "data: add --trust if it is yours, or --no-trust to go without."
        )
    return frozenset(name for name, _ in named)


def _code(given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in CODE:
        if name in given:
            yield name, str(given[name]) if isinstance(given[name], str) else ", ".join(map(str, given[name]))


def _elsewhere(given: dict[str, Any], home: Path) -> Iterator[tuple[str, str]]:
    paths = [("run_dir", given["run_dir"])] if "run_dir" in given else []
    paths += [("report", item.partition("=")[2]) for item in given.get("report", ())]
    for name, path in paths:
        if not Path(path).resolve().is_relative_to(home):
            yield name, str(path)


def rules_for_run(run: FinishedRun, given: Sequence[Path], trust: bool | None) -> tuple[Path, ...] | None:
    """The files of rules that a finished run is judged by again: those given, or the run's own where the user trusts
    them. None where nothing was said.
    """
    if given:
        return tuple(path.absolute() for path in given)
    if trust is None:
        return None
    return run.rules_named if trust else ()
