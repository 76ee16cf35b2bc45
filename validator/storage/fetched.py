"""One request for a file: what is wanted of it, what came, and who can be asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from validator.storage.identity import Identity

PREFETCH = 64
"""Requests of a process at a time, and MiB of answers that wait for their use, unless said otherwise."""
AT_ONCE = 1 << 20
"""Bytes that are read without waiting for room."""
Room = Callable[[int], Awaitable[None]]
"""Waits until so many bytes may be held."""


@dataclass(frozen=True, slots=True)
class Want:
    """What is wanted of a file: the bytes from `first` to before `last` (None: its end); none at all where these are
    more than `most`.
    """

    first: int = 0
    last: int | None = None
    most: int = 1 << 62

    @property
    def header(self) -> dict[str, str]:
        """The header `Range` of a request for it, none where all is wanted."""
        if self.first == 0 and self.last is None:
            return {}
        return {"Range": f"bytes={self.first}-{'' if self.last is None else self.last - 1}"}

    def length_of(self, size: int) -> int:
        """How many bytes that are, of a file of `size` bytes."""
        return max(min(size, size if self.last is None else self.last) - self.first, 0)


NOTHING = Want(most=-1)
"""What a file is, but none of its bytes."""


class Fetched(NamedTuple):
    """What a file was when its bytes were read, and these, where they were wanted."""

    identity: Identity
    data: bytes | None = None


async def at_once(_: int) -> None:
    """There is room."""


class Fetcher(Protocol):
    """Asks one kind of storage. Both methods run in the event loop of the storage.

    Raise TemporaryError where it is worth asking again, OSError, a sentence, where it is not.
    """

    async def look(self, path: str) -> Identity:
        """What is at a path."""
        ...

    async def fetch(self, path: str, want: Want, room: Room) -> Fetched:
        """What is at a path and the wanted bytes, which belong together. `room` is awaited before they are read."""
        ...
