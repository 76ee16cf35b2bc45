"""Which data files the loader unpacks, known by their content, whatever they are called.

Source: `datasets` 4.0.0, 4.8.4 and 5.2.0 `utils/extract.py`, `Extractor`: the same formats in the same order.
"""

from __future__ import annotations

import bz2
import gzip
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from validator.catalog.xz import open_xz
from validator.storage.reading import open_bytes

NEEDS = {"zstd": "zstandard", "lz4": "lz4", "7z": "py7zr", "rar": "rarfile"}
"""The Python package that the loader needs for a packing; without it the run stops with ImportError."""
STREAMS: dict[str, Callable[[BinaryIO], BinaryIO]] = {
    "gzip": lambda file: cast(BinaryIO, gzip.GzipFile(fileobj=file)),
    "bz2": lambda file: cast(BinaryIO, bz2.BZ2File(file)),
    "xz": open_xz,
}
"""Packings of one stream of bytes, in which a tar archive may lie: what reads them."""
_MAGIC = (
    ("gzip", (b"\x1f\x8b",)),
    ("zip", (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")),
    ("xz", (b"\xfd7zXZ\x00",)),
    ("rar", (b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00")),
    ("zstd", (b"\x28\xb5\x2f\xfd",)),
    ("bz2", (b"BZh",)),
    ("7z", (b"7z\xbc\xaf\x27\x1c",)),
    ("lz4", (b"\x04\x22\x4d\x18",)),
)
_LZMA = tuple(bytes([first]) for first in range(225) if first % 9 + first // 9 % 5 <= 4)
"""First bytes of the format before xz, which its reader takes too: liblzma refuses all others."""
_BEGINS: dict[str, bytes | tuple[bytes, ...]] = {"gzip": b"\x1f\x8b", "bz2": b"BZh", "xz": (b"\xfd7zXZ\0", *_LZMA)}
"""How all that the readers of STREAMS take begins."""
_HEAD = 1 << 18
"""Bytes within which the first header of a tar archive must end; more are not unpacked to know one."""
_ENTRY = b"PK\x01\x02"
_ENTRY_BYTES = 46


def packing_of(path: Path) -> str | None:
    """How a file is packed (`tar`, `tar in gzip`, `gzip`, `zip` ...), None where the loader reads it as it is.

    Raises OSError where it cannot be read.
    """
    with open_bytes(path) as file:
        if (around := _tar(file)) is not None:
            return f"tar in {around}" if around else "tar"
        file.seek(0)
        head = file.read(8)
        known = {name for name, magics in _MAGIC if head.startswith(magics)}
        if not known & {"gzip"} and _ends_as_zip(file):  # looked at before those that follow in the table
            known.add("zip")
    return next((name for name, _ in _MAGIC if name in known), None)


def _tar(file: BinaryIO) -> str | None:
    """In what a tar archive lies, "" where it does in nothing; None where there is none."""
    first = file.read(tarfile.BLOCKSIZE)
    for around in ("", *STREAMS):
        if around and not first.startswith(_BEGINS[around]):
            continue  # the stream's reader would yield nothing
        file.seek(0)
        stream = STREAMS[around](file) if around else file
        head = _first_bytes(stream, tarfile.BLOCKSIZE)
        if not _may_begin_tar(head):
            continue
        head += _first_bytes(stream, _HEAD - len(head))
        with suppress(tarfile.TarError, ValueError), tarfile.open(fileobj=BytesIO(head), mode="r:"):
            return around
    return None


def _may_begin_tar(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, tarfile.ENCODING, "surrogateescape")
    except tarfile.HeaderError as error:
        return isinstance(error, tarfile.EOFHeaderError)  # type: ignore[attr-defined]  # an archive without members
    return True


def _first_bytes(stream: BinaryIO, most: int) -> bytes:
    """What a stream yields before it ends or fails, up to so many bytes."""
    head = b""
    with suppress(Exception):  # whatever a decoder raises at bytes that are not its own
        while len(head) < most and (more := stream.read(tarfile.BLOCKSIZE)):
            head += more
    return head


def _ends_as_zip(file: BinaryIO) -> bool:
    """Whether a file ends with the directory of a zip archive, as that of a program that unpacks itself does."""
    try:  # the functions of the library that the loader asks as well
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
        if not end:
            return False
        entries, size, offset = (end[place] for place in (4, 5, 6))
        if (entries, size, offset) == (0, 0, 0):
            return True
        file.seek(offset)
        entry = file.read(_ENTRY_BYTES)
    except Exception:  # not a zip archive
        return False
    return end[1] == end[2] and size >= _ENTRY_BYTES and len(entry) == _ENTRY_BYTES and entry.startswith(_ENTRY)
