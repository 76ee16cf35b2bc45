"""Data files opened to be read, on this machine or in storage: there in ranges that grow, asked for until they come."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader, BytesIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

from validator.errors import ChangedDataError
from validator.storage.ahead import Ahead, Request
from validator.storage.fetched import Want
from validator.storage.identity import Identity
from validator.storage.paths import look
from validator.storage.ranged import RangedFile
from validator.storage.remote import is_remote

_FIRST = 1 << 20
"""Bytes that come with the question what the file is."""


def open_bytes(path: Path, buffering: int = -1) -> BinaryIO:
    """A file to read. Raises OSError; while it is read ChangedDataError, where one in storage is no longer the same."""
    address = str(path)
    if (content := _at_hand.get(address)) is not None:
        return BytesIO(content)
    if not is_remote(address):
        return open(address, "rb", buffering=buffering)
    storage = Ahead()
    begun = storage.now(Request(address, Want(0, _FIRST)))
    if begun.identity.kind != "file" or begun.data is None:
        raise FileNotFoundError(2, os.strerror(2), address)

    def more(first: int, last: int) -> bytes:
        found = storage.now(Request(address, Want(first, last)))
        if found.identity != begun.identity or found.data is None:
            raise ChangedDataError(f"the file {address[:200]!r} changed while it was read")
        return found.data

    return BufferedReader(RangedFile(begun.data, begun.identity.size, more), max(buffering, 1 << 16))


_at_hand: dict[str, bytes] = {}


@contextmanager
def at_hand(path: Path, most: int) -> Iterator[Identity | None]:
    """Within this, a file of at most so many bytes is read once, however often it is opened. Tells what it was before;
    None where it could not be looked at.
    """
    address, seen = str(path), None
    with suppress(OSError, ChangedDataError):  # who opens it is told
        seen = look(address)
        if seen.kind == "file" and seen.size <= most:
            with open_bytes(path) as file:
                _at_hand[address] = file.read()
    try:
        yield seen
    finally:
        _at_hand.pop(address, None)


def open_text(path: Path, errors: str = "strict") -> TextIO:
    """A file of UTF-8 to read. Raises OSError."""
    return TextIOWrapper(open_bytes(path), encoding="utf-8", errors=errors)
