"""Where a run is kept, and a word where that is not the usual folder."""

from __future__ import annotations

from pathlib import Path

from validator.cli.common import say
from validator.run_folder.choose import default_place, replaced
from validator.settings import Settings


def place_of(settings: Settings, run_dir: Path | None) -> Path:
    """The folder that a run is kept in, and a sentence where it is not the usual one or holds another run."""
    if run_dir is not None:
        note = replaced(run_dir, settings.dataset_info, settings.datasets)
    else:
        place = default_place(settings.dataset_info, settings.datasets)
        run_dir, note = place.folder, place.note
    if note is not None:
        say(note)
    return run_dir
