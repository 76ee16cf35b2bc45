"""What is at a path that the user has named, on this machine or elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from validator.storage import local, remote
from validator.storage.identity import Identity, IdentityKind

SAVED, SAVED_DICT = "state.json", "dataset_dict.json"
"""What `save_to_disk` of `datasets` writes beside the files of a table, and beside the folders of several."""


def look(path: str) -> Identity:
    """What is at a path. Raises OSError, a sentence, where storage does not answer."""
    return remote.look(path) if remote.is_remote(path) else local.look(path)


def members(folder: Path) -> list[tuple[str, IdentityKind]]:
    """What lies in a folder, in the order of the file system. Raises OSError where it cannot be listed."""
    if not remote.is_remote(str(folder)):
        return [(name, local.look(os.path.join(folder, name)).kind) for name in os.listdir(folder)]
    return remote.members(str(folder))
