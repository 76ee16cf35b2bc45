"""The media files of a run, on this machine or in any storage that fsspec reads, and what was seen of each.

What was seen is part of a result: a file that differs later makes the result stale, one that differs while it is read
makes the row unchecked.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, TypeVar

from validator.errors import ChangedDataError

_REMOTE = re.compile(r"\A[a-zA-Z][a-zA-Z0-9+.-]+://")
Measured = TypeVar("Measured")
IdentityKind = Literal["file", "folder", "special", "absent"]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a path was when it was first looked at: `size` in bytes, `stamp` of its last change (nanoseconds, or a hash
    of what the storage says of the version). `absent`: nothing can be opened there.
    """

    kind: IdentityKind
    size: int = 0
    stamp: int = 0


ABSENT = Identity("absent")


def is_remote(path: str) -> bool:
    """Whether a path names storage that is reached through fsspec (`s3://...`)."""
    return _REMOTE.match(path) is not None


def locate(path: str) -> Path:
    """A path object for a local path, or the same interface over fsspec for a remote one. Raises ValueError where there
    is no such storage.
    """
    if not is_remote(path):
        return Path(path)
    from upath import UPath

    try:
        return UPath(path)  # type: ignore[return-value]  # the same interface
    except ValueError as error:
        raise ValueError(f"{path.partition('://')[0]}:// cannot be read: {error}.") from None


class Memory(Protocol):
    """What was measured of files earlier, and is measured now."""

    def recall(self, path: str, identity: Identity) -> Any:
        """What was measured of a file that was the same then; None where nothing is known."""
        ...

    def remember(self, path: str, identity: Identity, measured: Any) -> None:
        """Keep what was measured."""
        ...


class MediaFiles:
    """The media of a run below `root`, the trainer's media_dir. Every path is looked at once; `seen` tells what was
    found. `by_content`: a file is the same if its bytes are, whatever its time says.
    """

    def __init__(self, root: str, memory: Memory | None = None, *, by_content: bool = False) -> None:
        self.root = root
        self._memory, self._by_content = memory, by_content
        self.seen: dict[str, Identity] = {}
        self._remote = root.rstrip("/") + "/" if is_remote(root) else None

    @property
    def joins(self) -> bool:
        """Whether paths are joined to the root: not those of a data set from the hub, which has none."""
        return self.root != ""

    def resolve(self, item: str) -> str:
        """The trainer's rule: joined to the root where that is a file, otherwise as written (relative to the working
        folder). Source: LLaMA-Factory 0.9.5 `converter.py`, `_find_medias`.
        """
        path = self.join(item)
        return path if self.identify(path).kind == "file" else item

    @property
    def is_remote_root(self) -> bool:
        """Whether media lie in storage that is reached through fsspec."""
        return self._remote is not None

    def join(self, item: str) -> str:
        """A path below the root; an absolute one as it is."""
        if self._remote is None or item.startswith("/"):
            return os.path.join(self.root, item)
        scheme, _, rest = self._remote.partition("://")
        return f"{scheme}://{posixpath.normpath(posixpath.join(rest, item))}"

    def identify(self, path: str) -> Identity:
        """What is at a path."""
        found = self.seen.get(path)
        if found is None:
            found = self.seen[path] = self.look(path)
        return found

    def look(self, path: str) -> Identity:
        """What is at a path now."""
        found = _look_remote(path) if self.is_remote(path) else _look_local(path)
        if self._by_content and found.kind == "file":
            import xxhash

            found = Identity("file", found.size, xxhash.xxh3_64_intdigest(self.read(path)) >> 1)
        return found

    def read_unchanged(self, path: str, measure: Callable[[Identity], Measured], known_as: str = "") -> Measured:
        """Measure a file that stays the same meanwhile; a second attempt is made. `known_as` tells measurements of one
        file apart. Raises ChangedDataError.
        """
        for _ in range(2):
            identity = self.identify(path)
            if self._memory is not None and identity.kind == "file":
                known: Measured | None = self._memory.recall(path + known_as, identity)
                if known is not None:
                    return known
            measured = measure(identity)
            now = self.look(path)
            if now == identity:
                if self._memory is not None and identity.kind == "file":
                    self._memory.remember(path + known_as, identity, measured)
                return measured
            self.seen[path] = now
        raise ChangedDataError(f"the file {path[:200]!r} changed while it was read")

    def is_remote(self, path: str) -> bool:
        """Whether a path is read through fsspec: only below a remote root; a URL in a row is not fetched."""
        return self._remote is not None and path.startswith(self._remote)

    def open(self, path: str) -> BinaryIO:
        """Open a file to read. Remote files are read in blocks of 64 KiB, so that a header costs no more."""
        if not self.is_remote(path):
            return open(path, "rb")
        system, inner = storage(path)
        opened: BinaryIO = system.open(inner, "rb", block_size=1 << 16, cache_type="readahead")
        return opened

    def read(self, path: str) -> bytes:
        """The whole content of a file."""
        if not self.is_remote(path):
            with open(path, "rb") as file:
                return file.read()
        system, inner = storage(path)
        data: bytes = system.cat_file(inner)
        return data


def look(path: str) -> Identity:
    """What is at a path that the user has named, on this machine or elsewhere."""
    return _look_remote(path) if is_remote(path) else _look_local(path)


def _look_local(path: str) -> Identity:
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:  # ValueError: a null character
        return Identity("absent", stamp=getattr(error, "errno", None) or 0)
    if stat.S_ISREG(status.st_mode):
        return Identity("file", status.st_size, status.st_mtime_ns)
    return Identity("folder" if stat.S_ISDIR(status.st_mode) else "special")


def _look_remote(path: str) -> Identity:
    system, inner = storage(path)
    try:
        info = system.info(inner)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        if not _unanswered(error.__cause__):
            return ABSENT
        raise OSError(f"{path[:200]} cannot be reached: {error.__cause__}") from None
    except Exception as error:  # storage libraries have errors of their own: refused, unreachable
        raise OSError(f"{path[:200]} cannot be reached: {type(error).__name__}: {error}") from None
    if info.get("type") != "file":
        return Identity("folder")
    marks = [str(info[name]) for name in ("ETag", "etag", "mtime", "LastModified", "created") if info.get(name)]
    import xxhash

    return Identity("file", int(info.get("size") or 0), xxhash.xxh3_64_intdigest("|".join(marks).encode()) >> 1)


def _unanswered(cause: BaseException | None) -> bool:
    """Whether a `not found` hides that the storage never said so: fsspec's HTTP raises it for every failure, a refused
    connection or a status of 503 too. Source: fsspec 2026.9.0 `implementations/http.py`, `_info`.
    """
    status = getattr(cause, "status", None)
    return type(cause).__module__.startswith("aiohttp") if status is None else status not in (404, 410)


@lru_cache(maxsize=64)
def _system(scheme: str, process: int) -> Any:
    import fsspec

    try:
        return fsspec.filesystem(scheme)
    except ImportError as error:  # its words name the package
        raise ValueError(f"Nothing that is installed reads {scheme}://: {error}.") from None
    except Exception as error:  # no such protocol, or one that needs more than a path
        raise ValueError(f"{scheme}:// cannot be read: {error}.") from None


def storage(path: str) -> tuple[Any, str]:
    """The fsspec file system of a remote path and the path within it. Raises ValueError, in one sentence for the user,
    where nothing that is installed reads such paths.
    """
    scheme, _, rest = path.partition("://")
    if scheme in ("http", "https"):
        rest = path
    return _system(scheme, os.getpid()), rest  # a connection belongs to its process
