"""Where the media that rows name lie: below the registry's folder, or below another one that is near."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from validator.catalog.recognise.columns import MOSTLY
from validator.findings import clip
from validator.storage.media_files import MediaFiles
from validator.storage.remote import is_remote

MOST_FOLDERS = 300
"""Folders that are tried."""


@dataclass(frozen=True, slots=True)
class MediaPlace:
    """The folder to pass as --media-dir, None where that is not needed or not known, and what is to be said."""

    folder: str | None = None
    doubt: str | None = None


def place_of_media(paths: Sequence[str], registry: Path, data: Path) -> MediaPlace:
    """Look for media as the trainer would, with the folder of the registry as its media_dir; `data`: where the rows
    lie, about which other folders are tried.
    """
    local = [path for path in paths if not (is_remote(path) or path.startswith("data:"))]
    missing = _missing(local, registry)
    if not missing:
        return MediaPlace()
    first = f"`{clip(missing[0])}` is the first"
    told = f"media files that do not exist: {len(missing)} of {len(local)} that were looked for ({first})"
    few = (1 - MOSTLY) * len(local)
    if len(missing) <= few:
        return MediaPlace(doubt=f"{told}.")
    for folder in _near(data):
        if not _missing(local[:1], folder) and len(_missing(local, folder)) <= few:
            shown = os.path.relpath(folder)
            return MediaPlace(
                shown,
                f"the media lie below {shown}, not beside dataset_info.json: pass --media-dir {shown}, and set "
                "media_dir in the training file.",
            )
    return MediaPlace(doubt=f"{told}; pass the folder at which the paths start as --media-dir.")


def _missing(paths: Sequence[str], folder: Path) -> list[str]:
    files = MediaFiles(str(folder))
    return [path for path in paths if files.identify(files.resolve(path)).kind != "file"]


def _near(data: Path) -> Iterator[Path]:
    """The folder of the data, those in it, and the same of the two above."""
    tried = 0
    here = Path(os.path.abspath(data))
    for folder in dict.fromkeys((here, here.parent, here.parent.parent)):
        yield folder
        try:
            with os.scandir(folder) as entries:
                inner = sorted(entry.name for entry in entries if entry.is_dir())
        except OSError:
            continue
        for name in inner[: MOST_FOLDERS - tried]:
            tried += 1
            yield folder / name
