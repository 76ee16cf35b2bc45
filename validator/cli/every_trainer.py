"""`--trainer all`: one run per trainer profile, then what becomes of each row under each."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from validator.storage.remote import locate

if TYPE_CHECKING:
    from validator.settings import Settings

ALL = "all"
_PRECEDENCE = (3, 1, 5, 0)


def check_all(settings: Settings, folder: Path, run: Callable[[Settings, Path], int], output_format: str) -> int:
    """Run every profile that takes these settings, in folders of their own below `folder`, and show the comparison.

    Returns the gravest exit code of the runs.
    """
    from validator.engine.compare.trainers import compare, possible
    from validator.report.json_document import dump
    from validator.report.trainers import full
    from validator.run_folder.names import TRAINERS
    from validator.run_folder.sweep import own_folder

    chosen, left_out = possible(settings)
    within = own_folder(folder / TRAINERS)
    runs = {name: own_folder(within / name) for name in chosen}
    codes = [run(mine, runs[name]) for name, mine in chosen.items()]
    comparison = compare(runs, left_out, folder / "trainers.parquet")
    if output_format == "json":
        dump(comparison.record(), sys.stdout)
    else:
        full(comparison, locate(settings.folder), sys.stdout)
    sys.stdout.flush()
    return min(codes, key=_PRECEDENCE.index)
