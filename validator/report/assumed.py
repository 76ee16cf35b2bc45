"""Limits that nobody named: what they are, and what the trainer's own would change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from validator.findings import count
from validator.settings import ENDLESS

_MORE = ("fewer", "more")
MOST_ROWS = 100_000
"""Rows that are counted again to say so; above, `mmvalidate plan` does."""


def assumed_limits(summary: dict[str, Any], folder: Path) -> list[str]:
    """What is to be said of the limits of a run, in sentences; nothing where the user, or the training file, gave them,
    or where they are the trainer's own.
    """
    differs = summary["differs_from_trainer"]
    names = [name for name in summary["assumed"] if name in differs]
    if not names:
        return []
    values = ", ".join(f"{name} {differs[name]['here']:,}" for name in names)
    theirs = ", ".join(_own(name, differs[name]["trainer"]) for name in names)
    trainer = summary["settings"]["trainer"]
    first = f"limits assumed: {values}. Give yours: --train-config FILE, or the options."
    change = _change(folder, {name: differs[name]["trainer"] for name in names}, summary)
    return [first, f"with the defaults of {trainer} ({theirs}): {change}"]


def _own(name: str, value: int) -> str:
    return f"no {name}" if value == ENDLESS else f"{name} {value:,}"


def _change(folder: Path, limits: dict[str, int], summary: dict[str, Any]) -> str:
    """What other limits would change, from the facts of the run."""
    from validator.engine.run_files.finished import FinishedRun
    from validator.planning.plan import plan

    words = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in limits.items())
    later = f"`mmvalidate plan {words}` tells"
    if summary["rows"]["total"] > MOST_ROWS:
        return later
    try:
        some = {name: [value] for name, value in limits.items()}
        found = plan(FinishedRun(folder), some.get("cutoff_len", []), some.get("image_max_pixels", []), 8)
    except (ValueError, OSError):  # the processor is gone, or the trainer takes no such limits
        return later
    now, then = found.current.counts, found.options[0].counts
    changes = [
        f"{verb} {count(abs(new - old), f'{_MORE[new > old]} row')}"
        for verb, old, new in (
            ("stops at", now.crashed, then.crashed),
            ("drops", now.dropped, then.dropped),
            ("cuts", now.cut, then.cut),
        )
        if old != new
    ]
    return f"training {', '.join(changes)}" if changes else "the counts stay the same"
