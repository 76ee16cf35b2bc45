"""Which names in an export are taken by its own files and its data, so that no medium, and no other data, gets one."""

from __future__ import annotations

import os
from collections.abc import Iterator

QUARANTINE, MARKER = "quarantine", ".mmvalidate-export"
JSON_REGISTRY, YAML_REGISTRY = "dataset_info.json", "data.yaml"
"""What the registry of an export is called."""
RESERVED = (JSON_REGISTRY, YAML_REGISTRY, "dropped.jsonl", "fixes.jsonl", "export.json", MARKER)
"""Files in an export that are no data."""


class Names:
    """Relative paths, written without detours. Nothing may lie below a file, nor a file where a folder is."""

    def __init__(self) -> None:
        self._files, self._folders = set(RESERVED), {QUARANTINE}

    def claim(self, path: str) -> None:
        """A file, or a folder that nothing else may lie in."""
        self._files.add(path)
        self._folders.update(_above(path))

    def is_free(self, path: str) -> bool:
        """Whether a file may lie there."""
        return path not in self._folders and self.may_be_folder(path)

    def may_be_folder(self, path: str) -> bool:
        """Whether a folder may lie there."""
        return path not in self._files and self._files.isdisjoint(_above(path))


def _above(path: str) -> Iterator[str]:
    """The folders that a path leads through."""
    while path := os.path.dirname(path):
        yield path
