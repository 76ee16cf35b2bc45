"""The media files of a run, on this machine or in any storage that fsspec reads, and what was seen of each.

What was seen is part of a result: a file that differs later makes the result stale, one that differs while it is read
makes the row unchecked.
"""

from __future__ import annotations

import os
import posixpath
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple, Protocol, TypeVar

from validator.errors import ChangedDataError
from validator.storage import local, remote
from validator.storage.ahead import Ahead, Request
from validator.storage.fetched import NOTHING, Fetched, Want
from validator.storage.identity import Identity, content_stamp
from validator.storage.pace import pace_of
from validator.storage.ranged import RangedFile

Measured = TypeVar("Measured")


class Memory(Protocol):
    """What was measured of files earlier, and is measured now."""

    def knows(self, name: str) -> bool:
        """Whether anything is remembered under a name, of whatever version of the file."""
        ...

    def recall(self, name: str, identity: Identity) -> Any:
        """What was measured of a file that was the same then; None where nothing is known."""
        ...

    def remember(self, name: str, identity: Identity, measured: Any) -> None:
        """Keep what was measured."""
        ...


@dataclass(slots=True)
class MediaContent:
    """One file to measure. `data`: its first bytes or all of them, where they were fetched together with `identity`.
    `apart`: more was read of it since, at another time.
    """

    path: str
    identity: Identity
    files: MediaFiles
    data: bytes | None = None
    apart: bool = False

    @property
    def is_remote(self) -> bool:
        """Whether it lies in storage that fsspec reads."""
        return self.files.is_remote(self.path)

    @property
    def whole(self) -> bytes | None:
        """All its bytes, if they are there."""
        return self.data if self.data is not None and len(self.data) == self.identity.size else None

    def ranged(self) -> RangedFile:
        """It as a file of which more is fetched where it is read."""

        def more(first: int, last: int) -> bytes:
            want = Want(first, last)
            fetched = self.files.fetch(self.path, want) if self.is_remote else local.read(self.path, want)
            if fetched.identity != self.identity or fetched.data is None:
                raise ChangedDataError(f"the file {self.path[:200]!r} changed while it was read")
            return fetched.data

        return RangedFile(self.data or b"", self.identity.size, more)


class _Recent:
    """What this process has measured last, by name."""

    def __init__(self, most: int) -> None:
        self._known: OrderedDict[object, tuple[Identity, Any]] = OrderedDict()
        self._most = most

    def recall(self, name: object, identity: Identity) -> Any:
        known = self._known.get(name)
        if known is None or known[0] != identity:
            return None
        with suppress(KeyError):  # requests ask in their own thread, while another forgets
            self._known.move_to_end(name)
        return known[1]

    def remember(self, name: object, identity: Identity, measured: object) -> None:
        self._known[name] = identity, measured
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def knows(self, name: object) -> bool:
        return name in self._known


_RECENT = _Recent(16384)


class Wanted(NamedTuple):
    """A file to ask for: `want` of its bytes, and what its measurement is `known_as` behind the path."""

    path: str
    want: Want
    known_as: str


class MediaFiles:
    """The media of a run below `root`, the trainer's media_dir. Every path is looked at once; `seen` tells what was
    found. `by_content`: a file is the same if its bytes are, whatever its time says. `ahead`: how much is asked for
    before it is used.
    """

    def __init__(
        self, root: str, memory: Memory | None = None, *, by_content: bool = False, ahead: Ahead | None = None
    ) -> None:
        self.root = root
        self._memory, self._by_content = memory, by_content
        self.seen: dict[str, Identity] = {}
        self._remote = root.rstrip("/") + "/" if remote.is_remote(root) else None
        self._ahead = ahead or Ahead()
        self._pace = pace_of(root)
        self._found_out = False
        self._fetched: dict[str, Fetched] = {}

    @property
    def joins(self) -> bool:
        """Whether paths are joined to the root: not those of a data set from the hub, which has none."""
        return self.root != ""

    @property
    def is_remote_root(self) -> bool:
        """Whether media lie in storage that is reached through fsspec."""
        return self._remote is not None

    def is_remote(self, path: str) -> bool:
        """Whether a path is read through fsspec: only below a remote root; a URL in a row is not fetched."""
        return self._remote is not None and path.startswith(self._remote)

    def resolve(self, item: str) -> str:
        """The trainer's rule: joined to the root where that is a file, otherwise as written (relative to the working
        folder). Source: LLaMA-Factory 0.9.5 `converter.py`, `_find_medias`.
        """
        path = self.join(item)
        return path if self.identify(path).kind == "file" else item

    def join(self, item: str) -> str:
        """A path below the root; an absolute one as it is."""
        if self._remote is None or item.startswith("/"):
            return os.path.join(self.root, item)
        scheme, _, rest = self._remote.partition("://")
        return f"{scheme}://{posixpath.normpath(posixpath.join(rest, item))}"

    @property
    def rows_alone(self) -> int | None:
        """How many rows are measured first, to find out whether files on this machine answer slowly. None: it does not
        matter.
        """
        return None if self._remote is not None else self._pace.rows_alone

    def ask(self, wanted: Iterable[Wanted]) -> list[str]:
        """Ask for files that are measured soon, in this order; for files on this machine only where they answer slowly:
        from memory they are read faster without. Returns the paths that were asked for.
        """
        alone, self._found_out = not self._found_out, True
        slow = self._pace.is_slow and not alone
        if self._remote is None and not slow:
            return []
        near: list[Request] = []
        far: list[Request] = []
        for path, want, known_as in wanted:
            if path not in self.seen:
                (far if self.is_remote(path) else near).append(self._request(path, want, known_as))
        if near and slow:
            self._ahead.ask_local(near)
        if far:
            self._ahead.ask_remote(far)
        return [request.path for request in (*near, *far)]

    @property
    def wants_more(self) -> bool:
        """Whether files are asked for ahead, and there is room for more."""
        return self._ahead.wants_more

    def drop(self, paths: Iterable[str]) -> None:
        """Let go of what was asked for and is not used."""
        for path in paths:
            self._ahead.drop(path)
            self._fetched.pop(path, None)

    def look_together(self, paths: Sequence[str]) -> None:
        """Ask many paths in storage what they are."""
        far = [path for path in paths if path not in self.seen and self.is_remote(path)]
        if far:
            self._ahead.ask_remote(self._request(path, NOTHING, "") for path in far)

    def close(self) -> None:
        """End the requests that are under way."""
        self._ahead.close()

    def identify(self, path: str) -> Identity:
        """What is at a path. Raises OSError where its storage does not answer."""
        if path not in self.seen:
            fetched = self._get(path, NOTHING, "")
            if fetched.data is not None:
                self._fetched[path] = fetched  # it is read next
        return self.seen[path]

    def look(self, path: str) -> Identity:
        """What is at a path now. Raises OSError where its storage does not answer."""
        if self._by_content or self.is_remote(path):
            return self._now(self._request(path, NOTHING, "")).identity
        return local.look(path)

    def forget(self) -> None:
        """Forget what was seen: a bound on memory."""
        self.seen.clear()
        self._fetched.clear()

    def read_unchanged(
        self, path: str, measure: Callable[[MediaContent], Measured], *, want: Want, known_as: str
    ) -> Measured:
        """Measure a file that stays the same meanwhile; a second attempt is made. `want`: what is asked of a file in
        storage; `known_as` tells measurements of one file apart. Raises ChangedDataError, and OSError where the storage
        does not answer.
        """
        name = path + known_as
        far = self.is_remote(path)
        for _ in range(2):
            fetched = self._get(path, want, known_as)
            known: Measured | None = self._recall(name, fetched.identity)
            if known is not None:
                return known
            if far and fetched.data is None and want != NOTHING and fetched.identity.kind == "file":
                fetched = self._keep(path, self._now(Request(path, Want() if self._by_content else want)))
            medium = MediaContent(path, fetched.identity, self, fetched.data, fetched.data is None and not far)
            began = self._pace.begin() if medium.apart else None
            try:
                measured = measure(medium)
                self._pace.end(began)
                now = self.look(path) if medium.apart else medium.identity
            except ChangedDataError:
                del self.seen[path]
                continue
            if now == medium.identity:
                self._remember(name, now, measured)
                return measured
            self.seen[path] = now
        raise ChangedDataError(f"the file {path[:200]!r} changed while it was read")

    def fetch(self, path: str, want: Want) -> Fetched:
        """Ask for a file in storage now. Raises OSError where it does not answer."""
        return self._ahead.now(Request(path, want))

    def open(self, path: str) -> BinaryIO:
        """Open a file to read. Remote files are read in blocks."""
        if not self.is_remote(path):
            return open(path, "rb")
        system, inner = remote.storage(path)
        opened: BinaryIO = system.open(inner, "rb", block_size=1 << 20, cache_type="readahead")
        return opened

    def read(self, path: str) -> bytes:
        """The whole content of a file. Raises OSError."""
        if self.is_remote(path):
            return self.fetch(path, Want()).data or b""
        with open(path, "rb") as file:
            return file.read()

    def _get(self, path: str, want: Want, known_as: str) -> Fetched:
        """What was fetched of a file or is now; of one that was seen, what it was."""
        if self._fetched and (waiting := self._fetched.pop(path, None)) is not None:
            return waiting
        if (seen := self.seen.get(path)) is not None:
            return Fetched(seen)
        fetched = self._ahead.take(path)
        return self._keep(path, self._now(self._request(path, want, known_as)) if fetched is None else fetched)

    def _now(self, request: Request) -> Fetched:
        if self.is_remote(request.path):
            return self._by_bytes(self._ahead.now(request))
        identity = local.look(request.path)
        if self._by_content and identity.kind == "file":
            return Fetched(Identity("file", identity.size, content_stamp(self.read(request.path))))
        return Fetched(identity)

    def _keep(self, path: str, fetched: Fetched) -> Fetched:
        fetched = self._by_bytes(fetched)
        self.seen[path] = fetched.identity
        return fetched

    def _by_bytes(self, fetched: Fetched) -> Fetched:
        """The same, known by its bytes where files are."""
        identity = fetched.identity
        if not self._by_content or fetched.data is None or len(fetched.data) != identity.size:
            return fetched
        return Fetched(Identity("file", identity.size, content_stamp(fetched.data)), fetched.data)

    def _request(self, path: str, want: Want, known_as: str) -> Request:
        if self._by_content:
            return Request(path, Want())
        name = path + known_as
        if not _RECENT.knows(name) and (self._memory is None or not self._memory.knows(name)):
            return Request(path, want)
        return Request(path, want, lambda identity: self._recall(name, identity) is not None)

    def _recall(self, name: str, identity: Identity) -> Any:
        if identity.kind != "file":
            return None
        known = _RECENT.recall(name, identity)
        return self._memory.recall(name, identity) if known is None and self._memory is not None else known

    def _remember(self, name: str, identity: Identity, measured: object) -> None:
        if identity.kind == "file":
            _RECENT.remember(name, identity, measured)
            if self._memory is not None:
                self._memory.remember(name, identity, measured)
