"""What a store serves: the files of a folder, and any number of names for a pool of few files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Object:
    """One version of an object. `etag` is quoted, `modified` in seconds since 1970."""

    data: bytes
    etag: str
    modified: float


def pool_name(number: int) -> str:
    """The key under which a pool's file is served: file `number` modulo the size of the pool; 1,000 a folder."""
    return f"images/{number // 1000:05}/{number:08}.jpg"


class Objects:
    """Objects by their keys, which are relative paths. `names`: how many names the files of the folder `pool` have."""

    def __init__(self, folder: Path, pool: Path | None = None, names: int = 0) -> None:
        self._folder = folder.resolve()
        self._pool: Sequence[Path] = sorted(pool.iterdir()) if pool is not None else ()
        self._named = {pool_name(number): number for number in range(names)}
        self._loaded: dict[Path, Object] = {}

    def get(self, key: str) -> Object | None:
        """The object that has a key now."""
        number = self._named.get(key)
        if number is not None:
            path = self._pool[number % len(self._pool)]
            return self._loaded.get(path) or self._loaded.setdefault(path, _read(path))
        path = Path(os.path.normpath(self._folder / key))
        return _read(path) if path.is_relative_to(self._folder) and path.is_file() else None

    def keys(self) -> list[str]:
        """All keys, in order."""
        files = (path for path in self._folder.rglob("*") if path.is_file())
        return sorted([*(path.relative_to(self._folder).as_posix() for path in files), *self._named])


def _read(path: Path) -> Object:
    status = path.stat()
    return Object(path.read_bytes(), f'"{status.st_mtime_ns:x}-{status.st_size:x}"', status.st_mtime)
