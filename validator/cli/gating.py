"""What the commands that judge a run share: options of the gate and of reports, read into what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from validator.nearest import did_you_mean
from validator.option import GATE, OUTPUT
from validator.report.formats import FILE_FORMATS

if TYPE_CHECKING:
    from validator.engine.run_files.result import RunResult

WRITE_BASELINE = Annotated[
    Path | None,
    typer.Option(
        help="Write what fails the run to this file as accepted; reasons already in it are kept.",
        show_default=False,
        rich_help_panel=GATE,
    ),
]
REASON = Annotated[
    str, typer.Option(help="With --write-baseline: why the new findings are accepted.", rich_help_panel=GATE)
]
REPORT = Annotated[
    list[str],
    typer.Option(help=f"FORMAT=PATH: write a report (repeatable). {', '.join(FILE_FORMATS)}.", rich_help_panel=OUTPUT),
]


def files_of(reports: list[str]) -> list[tuple[str, Path]]:
    """FORMAT=PATH, each. Raises ValueError with the nearest format."""
    found = []
    for item in reports:
        name, _, path = item.partition("=")
        if name not in FILE_FORMATS:
            hint = did_you_mean(name, FILE_FORMATS) or f" Formats: {', '.join(FILE_FORMATS)}."
            raise ValueError(f"--report {item}: there is no format {name}.{hint}")
        if not path or Path(path).is_dir():
            raise ValueError(f"--report {item}: write FORMAT=PATH, with the path of a file.")
        found.append((name, Path(path)))
    return found


def check_baseline(path: Path | None) -> None:
    """Raise ValueError where a baseline cannot be written there: before anything is done for it."""
    if path is not None and path.is_dir():
        raise ValueError(f"--write-baseline {path}: it is a folder; name a file.")


def accept(result: RunResult, baseline: Path, reason: str) -> RunResult:
    """Write a baseline of a finished run and judge the run against it."""
    from validator.engine.run_files.amend import accept as accept_findings

    return accept_findings(result, baseline, reason)
