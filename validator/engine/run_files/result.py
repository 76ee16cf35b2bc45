"""What a command hands on of a run that it has finished."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from validator.engine.run_files.summary import Tally


@dataclass(frozen=True, slots=True)
class RunResult:
    """A finished run: what summary.json says, the tally behind it, and where the files are."""

    summary: dict[str, Any]
    tally: Tally
    folder: Path
