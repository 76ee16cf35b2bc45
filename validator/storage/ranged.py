"""A file of which the first bytes are there, and the rest is fetched where somebody reads on."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_STEP = 1 << 18
_LARGEST = 1 << 23
Ask = Callable[[int, int], bytes]
"""The bytes from one place to before another."""


class RangedFile(io.RawIOBase):
    """Reads like a file. `failure`: why something could not be fetched, kept because who reads may hide it."""

    def __init__(self, head: bytes, size: int, ask: Ask) -> None:
        self._pieces, self._size, self._ask = [(0, head)], size, ask
        self._at, self._step = 0, _STEP
        self.failure: Exception | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place. Raises ValueError before the beginning."""
        place = offset + (0, self._at, self._size)[whence]
        if place < 0:
            raise ValueError(f"negative seek position {place}")
        self._at = place
        return place

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer as far as bytes are at hand or come at once. Raises OSError and ChangedDataError where
        they cannot.
        """
        wanted = memoryview(buffer).cast("B")
        end = min(self._at + len(wanted), self._size)
        if end <= self._at:
            return 0
        piece = self._piece(self._at, end)
        wanted[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _piece(self, at: int, end: int) -> bytes:
        for first, piece in reversed(self._pieces):
            if first <= at < first + len(piece):
                return piece[at - first : end - first]
        last = min(max(end, at + self._step), self._size)
        self._step = min(2 * self._step, _LARGEST)
        try:
            piece = self._ask(at, last)
        except Exception as error:
            self.failure = error
            raise
        self._pieces = [self._pieces[0], (at, piece)]  # the beginning, and what was read last
        return piece[: end - at]
