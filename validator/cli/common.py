"""What the commands that run something have in common: output formats, errors in one sentence, exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from validator.cli.completing import runs
from validator.errors import MmvalidateError, reasons
from validator.findings import printable
from validator.option import GATE, OUTPUT
from validator.run_folder.choose import latest

if TYPE_CHECKING:
    from validator.engine.run_files.result import RunResult
    from validator.report.finished import Finished


RUN = Annotated[
    Path | None,
    typer.Argument(
        help="The folder of a finished run (.mmvalidate/NAME). Default: the one that finished last.",
        autocompletion=runs,
        show_default=False,
    ),
]
QUIET = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no tables.", rich_help_panel=OUTPUT)]
ALL = Annotated[
    bool,
    typer.Option(
        "--all", help="Show every finding, and the rules that did not run.", rich_help_panel=OUTPUT, show_default=False
    ),
]
VERBOSE = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show the traceback of an internal error.", rich_help_panel=OUTPUT)
]
EXIT_ZERO = Annotated[
    bool, typer.Option("--exit-zero/--no-exit-zero", help="Exit with 0 instead of 1.", rich_help_panel=GATE)
]


class OutputFormat(str, Enum):
    """What is printed on stdout."""

    full = "full"
    concise = "concise"
    json = "json"
    jsonl = "jsonl"
    sarif = "sarif"
    junit = "junit"
    github = "github"
    gitlab = "gitlab"
    markdown = "markdown"


class PlainFormat(str, Enum):
    """What is printed on stdout by commands whose result is no list of findings."""

    text = "text"
    json = "json"


def guarded(
    work: Callable[[], int],
    verbose: bool,
    what: str = "the run",
    kept: str = "what was checked is kept, and the same command continues from there",
) -> int:
    """Do the work and return its exit code; whatever goes wrong is one sentence on stderr and code 3, or 2 where the
    user asked for something impossible. `kept` says what is there after an interruption.
    """

    try:
        return work()
    except KeyboardInterrupt:
        say(f"interrupted; {kept}")
    except (BrokenPipeError, typer.Exit):
        raise
    except (MmvalidateError, OSError) as error:
        if isinstance(error, ValueError):
            usage(error)
        say(f"{what} stopped: {error}")
    except Exception as error:
        if verbose:
            raise
        say(f"internal error: {type(error).__name__}: {error} (--verbose shows more)")
    raise typer.Exit(3)


def show(
    result: RunResult,
    output_format: str,
    quiet: bool,
    reports: Sequence[tuple[str, Path]] = (),
    *,
    everything: bool = False,
) -> int:
    """Write the reports of a finished run, print it, and return its exit code. Raises OSError."""
    from validator.engine.run_files.amend import still_open
    from validator.report.finished import Finished
    from validator.report.formats import emit

    finished = Finished(result.folder)
    write_reports(finished, reports, quiet=quiet)
    if output_format == "full":
        from validator.report import console

        console.full(still_open(result), sys.stdout, quiet=quiet, everything=everything)
    else:
        emit(output_format, finished, sys.stdout)
    sys.stdout.flush()
    return int(result.summary["exit_code"])


def write_reports(run: Finished, reports: Sequence[tuple[str, Path]], *, quiet: bool) -> None:
    """Write reports of a run, and say so. Raises OSError, and RefusedPathError where one would replace data."""
    from validator.report.formats import write_file
    from validator.report.progress import StderrProgress

    wrote = []
    with StderrProgress(quiet=quiet or not reports) as progress:
        for name, path in reports:
            progress.step(f"{path}: opening the run")
            held = write_file(name, run, path, lambda what, path=path: progress.step(f"{path}: {what}"))  # type: ignore[misc]
            wrote.append(f"wrote {path} ({', '.join(filter(None, (_size(path), held)))}), of {run.data}")
    for line in () if quiet else wrote:
        say(line)


def _size(path: Path) -> str:
    """The size of a file in words; nothing of a device or a pipe."""
    if not path.is_file():
        return "streamed"
    size = path.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def words(values: Iterable[str]) -> tuple[str, ...]:
    """Options that may be repeated and hold commas."""
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def the_run(run: Path | None) -> Path:
    """The folder that is named, or that of the run that finished last here, which is said."""
    if run is not None:
        return run
    if (found := latest()) is None:
        usage(ValueError("Name the folder of a finished run: there is none in .mmvalidate here."))
    say(f"the run in {found}")
    return found


def usage(error: ValueError) -> NoReturn:
    """Print one sentence and exit with 2; pydantic's errors are shortened to their reasons."""
    say(reasons(error) if hasattr(error, "errors") else str(error))  # type: ignore[arg-type]  # pydantic's
    raise typer.Exit(2) from None


def tell(text: str) -> None:
    """Print one line on stdout, whatever the names in it hold."""
    print(printable(text))


def say(text: str) -> None:
    """Print one sentence on stderr."""
    print(f"mmvalidate: {printable(text)}", file=sys.stderr)
