"""Data files opened to be read, on this machine or in storage: there in ranges that grow, asked for until they come."""

from __future__ import annotations

import os
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

from validator.errors import ChangedDataError
from validator.storage.ahead import Ahead, Request
from validator.storage.fetched import Want
from validator.storage.ranged import RangedFile
from validator.storage.remote import is_remote

_FIRST = 1 << 20
"""Bytes that come with the question what the file is."""


def open_bytes(path: Path, buffering: int = -1) -> BinaryIO:
    """A file to read. Raises OSError; while it is read ChangedDataError, where one in storage is no longer the same."""
    if not is_remote(str(path)):
        return path.open("rb", buffering=buffering)
    address, storage = str(path), Ahead()
    begun = storage.now(Request(address, Want(0, _FIRST)))
    if begun.identity.kind != "file" or begun.data is None:
        raise FileNotFoundError(2, os.strerror(2), address)

    def more(first: int, last: int) -> bytes:
        found = storage.now(Request(address, Want(first, last)))
        if found.identity != begun.identity or found.data is None:
            raise ChangedDataError(f"the file {address[:200]!r} changed while it was read")
        return found.data

    return BufferedReader(RangedFile(begun.data, begun.identity.size, more), max(buffering, 1 << 16))


def open_text(path: Path, errors: str = "strict") -> TextIO:
    """A file of UTF-8 to read. Raises OSError."""
    return TextIOWrapper(open_bytes(path), encoding="utf-8", errors=errors)
