"""Which folder a run is kept in where the user names none: one that holds no finished run of other data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from validator.errors import NotOursError
from validator.run_folder.mark import check_usable, summary_of
from validator.run_folder.names import SUMMARY, TRAINERS
from validator.storage.remote import is_remote, locate

HOME = Path(".mmvalidate")
"""Below the working folder: where runs are kept unless the user says otherwise."""


@dataclass(frozen=True, slots=True)
class RunPlace:
    """A folder for a run. `note`: a sentence for the user where it is not the one that they would expect."""

    folder: Path
    note: str | None = None


def default_place(registry: str, datasets: Sequence[str] = ()) -> RunPlace:
    """Where a run of some entries of a registry (none: all) is kept: `.mmvalidate/NAME` by the name of the registry's
    folder, or `NAME-2`, `NAME-3` ... where that holds the finished run of another registry or of other entries, or what
    is not ours. The same call finds the same folder again.
    """
    parent = locate(registry).parent
    usual = HOME / ((parent if is_remote(registry) else parent.resolve()).name or "root")
    free: Path | None = None
    why: str | None = None
    for number in count(1):
        folder = usual if number == 1 else usual.with_name(f"{usual.name}-{number}")
        held = _held(folder)
        if held is not None and _same(held, registry, datasets):
            return _place(folder, usual, why)
        objection = _objection(folder) if held is None else f"holds the run of {data_of(held)}"
        why = objection if number == 1 else why
        free = free or (folder if objection is None else None)
        if not os.path.lexists(folder):
            assert free is not None
            return _place(free, usual, why)
    raise AssertionError


def replaced(folder: Path, registry: str, datasets: Sequence[str] = ()) -> str | None:
    """A sentence where a run in a folder of the user's choice takes the place of a finished run of other data."""
    held = _held(folder)
    if held is None or _same(held, registry, datasets):
        return None
    return f"{folder} holds the run of {data_of(held)}, which this one replaces."


def _place(folder: Path, usual: Path, why: str | None) -> RunPlace:
    return RunPlace(folder, None if folder == usual else f"{usual} {why}, so this run is kept in {folder}.")


def _held(folder: Path) -> dict[str, Any] | None:
    """The settings of the finished run in a folder, or of the first of those of `--trainer all`."""
    for path in (folder, *sorted((folder / TRAINERS).glob("*"))):
        if (summary := summary_of(path)) is not None:
            settings = summary["settings"]
            return settings if isinstance(settings, dict) else {}
    return None


def _objection(folder: Path) -> str | None:
    try:
        check_usable(folder)
    except NotOursError:
        return "is not a run folder"
    return None


def _same(held: dict[str, Any], registry: str, datasets: Sequence[str]) -> bool:
    here = _absolute(str(held.get("dataset_info"))) == _absolute(registry)
    return here and set(held.get("datasets") or ()) == set(datasets)


def _absolute(registry: str) -> str:
    return registry if is_remote(registry) else str(Path(registry).resolve())


def data_of(settings: Mapping[str, Any]) -> str:
    """Of which data a run is, by its settings: the registry, and the entries where it is not of all."""
    names = [str(name) for name in settings.get("datasets") or ()]
    entries = f" ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})" if names else ""
    return f"{settings.get('dataset_info')}{entries}"


def latest(folder: Path = Path()) -> Path | None:
    """The run that finished last in .mmvalidate of a folder; None where there is none."""
    finished = []
    for path in (folder / HOME).glob(f"*/{SUMMARY}"):
        with suppress(OSError):
            finished.append((path.stat().st_mtime_ns, path.parent))
    return max(finished, default=(0, None))[1]
