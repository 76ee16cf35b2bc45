"""Removes from a run folder what we wrote into it, and nothing else. Links are left alone, and never followed.

Whoever calls this holds the folder.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from validator.errors import NotOursError
from validator.run_folder.mark import is_run
from validator.run_folder.names import CACHE, FOLDERS, RUNNING, TRAINERS, is_brief, is_ours, is_part


@contextmanager
def working(folder: Path) -> Iterator[Path]:
    """A folder within the run folder for what lives no longer than a run. What runs that were killed have left is
    removed first.
    """
    running = own_folder(own_folder(folder / CACHE) / RUNNING)
    for place in FOLDERS:
        _remove(folder, place, is_part)
    _clear(running)
    mine = running / f"run-{token_hex(4)}"
    mine.mkdir()
    try:
        yield mine
    finally:
        shutil.rmtree(mine, ignore_errors=True)
        _remove_empty(folder, f"{CACHE}/{RUNNING}")


def own_folder(path: Path) -> Path:
    """A sub-folder of a run folder, made where there is none. Raises NotOursError where a link has its name."""
    if path.is_symlink():
        raise NotOursError(f"{path} is a link: remove it, or name another folder for the results.")
    path.mkdir(exist_ok=True)
    return path


def remove_cache(folder: Path) -> int:
    """Remove what is kept for later runs; returns its bytes."""
    cache = folder / CACHE
    removed = sum(_remove(folder, place, is_ours) for place in FOLDERS if place.startswith(CACHE))
    if is_folder(cache) and is_folder(cache / RUNNING):
        _clear(cache / RUNNING)
    for place in (f"{CACHE}/{RUNNING}", *reversed(FOLDERS)):
        if place:
            _remove_empty(folder, place)
    return removed


def remove_all(folder: Path) -> list[str]:
    """Remove a run folder; what is not ours stays, and is named."""
    remove_cache(folder)
    _remove(folder, "", is_ours)
    _remove_empty(folder, TRAINERS)
    left = sorted(path.name for path in folder.iterdir())
    _remove_empty(folder, "")
    return left


def runs_within(folder: Path) -> list[Path]:
    """The run folders of `--trainer all` within a run folder."""
    trainers = folder / TRAINERS
    return sorted(path for path in trainers.iterdir() if is_run(path)) if is_folder(trainers) else []


def _remove(folder: Path, place: str, which: Callable[[str, str], bool]) -> int:
    """Remove files of a sub-folder; returns their bytes."""
    within = folder / place
    if not _is_own(folder, place):
        return 0
    removed = 0
    for path in within.iterdir():
        with suppress(FileNotFoundError):
            status = path.lstat()
            if which(place, path.name) and stat.S_ISREG(status.st_mode):
                path.unlink()
                removed += status.st_size
    return removed


def _clear(running: Path) -> None:
    for path in running.iterdir():
        if is_brief(path.name) and not path.is_symlink():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _remove_empty(folder: Path, place: str) -> None:
    if _is_own(folder, place):
        with suppress(OSError):
            (folder / place).rmdir()


def _is_own(folder: Path, place: str) -> bool:
    """Whether a sub-folder is one, and no link leads there."""
    return all(map(is_folder, (folder / place, *(folder / parent for parent in Path(place).parents if place))))


def is_folder(path: Path) -> bool:
    """Whether a path is a folder, and no link to one."""
    return path.is_dir() and not path.is_symlink()
