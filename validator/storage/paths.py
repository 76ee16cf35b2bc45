"""What is at a path that the user has named, on this machine or elsewhere."""

from __future__ import annotations

from validator.storage import local, remote
from validator.storage.identity import Identity


def look(path: str) -> Identity:
    """What is at a path. Raises OSError, a sentence, where storage does not answer."""
    return remote.look(path) if remote.is_remote(path) else local.look(path)
