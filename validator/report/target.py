"""Where a report may be written: never in the place of what a run reads or holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from validator.errors import RefusedPathError
from validator.report.finished import Finished
from validator.run_folder.names import REPORT, is_ours
from validator.storage.remote import is_remote

_MEDIA = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
    b"\x1aE\xdf\xa3",
    b"\x00\x00\x01\xba",
)
"""How image and video files begin; MP4 and its kin are known by their fifth byte on."""


def check_target(path: Path, run: Finished) -> None:
    """Raise RefusedPathError where a report would replace a file that the run has read, by whatever name or link, an
    image or a video, or a file of the run folder.
    """
    if not path.is_file():
        return
    inside = path.parent.samefile(run.folder) and is_ours("", path.name) and path.name != REPORT
    if inside or any(os.path.exists(name) and path.samefile(name) for name in _read_by(run)):
        raise RefusedPathError(f"{path} is a file that the run needs: name another one for the report.")
    with path.open("rb") as file:
        head = file.read(12)
    if head.startswith(_MEDIA) or head[4:8] == b"ftyp":
        raise RefusedPathError(f"{path} is an image or a video: name another file for the report.")


def _read_by(run: Finished) -> Iterator[str]:
    settings = run.settings
    yield from map(str, run.rules_named)
    if settings.baseline is not None:
        yield str(settings.baseline)
    if not is_remote(settings.dataset_info):
        yield settings.dataset_info
        for entry in run.catalog().entries:
            yield from (os.path.join(settings.folder, file.source) for file in entry.files)
