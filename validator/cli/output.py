"""What the commands that judge share: formats on stdout, and how they fail."""

from __future__ import annotations

import sys
from enum import Enum
from typing import TYPE_CHECKING, NoReturn

import typer

from validator.findings import printable

if TYPE_CHECKING:
    from validator.engine.serial import RunResult


class OutputFormat(str, Enum):
    """What is printed on stdout."""

    full = "full"
    concise = "concise"
    json = "json"
    jsonl = "jsonl"


def write(result: RunResult, output_format: OutputFormat, *, quiet: bool) -> None:
    """Print the report of a run."""
    from validator.report import console, lines

    if output_format is OutputFormat.full:
        console.full(result, sys.stdout, quiet=quiet)
    else:
        getattr(lines, output_format.value)(result, sys.stdout)
    sys.stdout.flush()


def failed(error: Exception, *, verbose: bool) -> typer.Exit:
    """Say why a run stopped, and exit with 3; `verbose` raises the error itself."""
    if verbose or isinstance(error, BrokenPipeError):
        raise error
    reason = printable(f"{type(error).__name__}: {error}")
    if isinstance(error, OSError) or type(error).__name__ == "StartError":
        print(f"mmvalidate: the run stopped: {printable(str(error))}", file=sys.stderr)
    else:
        print(f"mmvalidate: internal error: {reason} (--verbose shows more)", file=sys.stderr)
    return typer.Exit(3)


def fail_usage(error: ValueError) -> NoReturn:
    """Print one sentence and exit with 2; pydantic's errors are shortened to their reasons."""
    reasons = getattr(error, "errors", None)
    if callable(reasons):
        texts = [f"{'.'.join(map(str, item['loc']))} {item['msg']}".strip() for item in reasons()]
        message = "; ".join(text.replace("Value error, ", "") for text in texts)
    else:
        message = str(error)
    print(f"mmvalidate: {printable(message)}", file=sys.stderr)
    raise typer.Exit(2) from None
