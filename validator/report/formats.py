"""The formats of reports by name, each in a file of its own, loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TextIO

from validator.writing import whole_path

if TYPE_CHECKING:
    from validator.report.finished import Finished

TEXT_FORMATS = ("concise", "json", "jsonl", "sarif", "junit", "github", "gitlab", "markdown")
FILE_FORMATS = ("html", "parquet", *TEXT_FORMATS)
"""What `--report FORMAT=PATH` takes."""


def emit(name: str, run: Finished, out: TextIO) -> None:
    """Write a run in one of the text formats."""
    import_module(f"validator.report.{_MODULES.get(name, name)}").write(run, out)


_STREAMS = (Path("/dev"), Path("/dev/fd"), Path("/proc/self/fd"))
_MODULES = {"json": "json_document", "html": "html"}


Told = Callable[[str], None]
"""Is told of each step, in a sentence."""


def write_file(name: str, run: Finished, path: Path, told: Told = lambda what: None) -> str:
    """Write a report to a file, whole or not at all; folders are made. To a device or a pipe it is written as it is.
    Returns how much of the run it holds, in words; nothing where it is all.

    Raises OSError, and RefusedPathError where it would take the place of data.
    """
    from validator.report.target import check_target

    if path.exists() and (not path.is_file() or path.parent in _STREAMS):  # nothing there could be replaced
        with TemporaryDirectory() as folder, path.open("wb") as stream:
            held = write_file(name, run, Path(folder) / "report", told)
            stream.write((Path(folder) / "report").read_bytes())
        return held
    check_target(path, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    held = ""
    with whole_path(path) as part:
        if name == "html":
            held = import_module("validator.report.html").write_html(run, part, told)
        elif name == "parquet":
            part.write_bytes(run.tables.findings.read_bytes())
        else:
            with part.open("w", encoding="utf-8", newline="\n", errors="backslashreplace") as out:
                emit(name, run, out)
    return held
