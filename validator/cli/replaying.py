"""What `check --replay`, `replay` and `audit` share."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from validator.cli.common import say, usage

if TYPE_CHECKING:
    from validator.engine.run_files.result import RunResult
    from validator.replaying.settings import ReplaySettings

MOST_BYTES = 64 << 20
"""Of a file of rows."""


def wanted(replay: str, model: str) -> int | None:
    """The number of candidates that `--replay` asks for, None for none. Raises ValueError where it is no number."""
    from validator.replaying.settings import CANDIDATES

    if replay == "off":
        return None
    if replay == "auto":
        return CANDIDATES if model != "scale" and find_spec("torch") and Path("/dev/nvidiactl").exists() else None
    if not replay.isascii() or not replay.isdigit() or int(replay) == 0:
        raise ValueError(f"--replay {replay}: must be off, auto, or a number of rows.")
    return int(replay)


def rows_named(path: Path) -> tuple[tuple[str, str, int], ...]:
    """The rows in a file of JSON lines, as `watch --write-rows` writes it. Raises ValueError where it holds none."""
    from validator.json_text import parse_json
    from validator.named_file import read_named

    try:
        items = [parse_json(line) for line in read_named(path, MOST_BYTES).split(b"\n") if line.strip()]
    except OSError as error:
        raise ValueError(f"--rows {path}: it cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise ValueError(f"--rows {path}: it is not a file of rows, one JSON object per line: {error}.") from None
    fields = [(item.get("dataset"), item.get("file"), item.get("row")) for item in items if isinstance(item, dict)]
    found = tuple(
        (dataset, file, row)
        for dataset, file, row in fields
        if isinstance(dataset, str) and isinstance(file, str) and isinstance(row, int) and not isinstance(row, bool)
    )
    if len(found) < len(items):
        raise ValueError(f'--rows {path}: every line is to be {{"dataset": "...", "file": "...", "row": 0}}.')
    if not found:
        raise ValueError(f"--rows {path}: it contains no rows.")
    return found


def asked(options: Mapping[str, Any]) -> ReplaySettings:
    """The settings of a replay. Raises ValueError where it cannot work."""
    from validator.replaying.possible import check_possible
    from validator.replaying.settings import ReplaySettings

    settings = ReplaySettings(**options)
    check_possible(settings)
    return settings


def run_replay(folder: Path, settings: ReplaySettings, *, quiet: bool) -> RunResult:
    """Replay a finished run and keep the results in it; nothing else writes there meanwhile. Raises ReplayStartError
    and OSError.
    """
    from validator.engine.run_files.finished import FinishedRun
    from validator.replaying.results import keep
    from validator.replaying.run import replay
    from validator.report.progress import StderrProgress
    from validator.run_folder.lock import hold

    try:
        run = FinishedRun.whole(folder)
        with hold(folder, "replay"):
            with StderrProgress(quiet=quiet) as progress:
                outcome = replay(run, settings, progress)
            kept = keep(run, outcome)
        if not quiet:
            say(f"wrote {folder / 'replay.parquet'}, of {run.data}")
        return kept
    except ValueError as error:
        usage(error)
