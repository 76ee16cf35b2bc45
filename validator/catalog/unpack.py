"""Unpacks data files as the loader does: one stream of bytes, or the members of an archive that it reads, in its order.

Source: `datasets` 4.0.0 `utils/extract.py` and `utils/file_utils.py` (`FilesIterable`). Bytes are streamed; what an
archive names is never a path here.
"""

from __future__ import annotations

import posixpath
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

from typing_extensions import Self

from validator.catalog.packing import NEEDS, STREAMS
from validator.catalog.xz import CUT
from validator.findings import clip, count
from validator.storage.reading import open_bytes

MOST_BYTES = 64 << 30
"""Of all that a file unpacks to."""
MOST_RATIO = 250
FREE_BYTES = 1 << 30
"""A file may unpack to MOST_RATIO times its size, and to FREE_BYTES in any case."""
MOST_MEMBERS = 10_000
_MOST_DIRECTORY = 16 << 20
_MOST_HEADER = 1 << 20
_LONG = (b"L", b"K", b"x", b"g", b"X")
"""Types of headers in a tar archive that are followed by a name or attributes of any length."""
_BLOCK = 1 << 20
_HIDDEN = (".", "__")
_COMPRESSED = (".gz", ".bz2", ".lz4", ".xz", ".zst", ".zip")

Writer = Callable[[str | None], BinaryIO]
"""Opens the file for the content of a member, None where it is all that there is. One that was opened for the same
member before is forgotten.
"""


class DamagedError(Exception):
    """The loader cannot unpack a file. The message is its error."""


class UnreadPackedError(Exception):
    """A packed file is not read here. The message goes on after its name."""


def unpack(path: Path, packing: str, writer: Writer) -> None:
    """Unpack a file of a packing that `packing_of` tells.

    Raises DamagedError, UnreadPackedError, and OSError where what is unpacked cannot be written.
    """
    try:
        _unpack(path, packing, writer)
    except _CutError:
        if packing == "lz4":
            raise DamagedError(f"EOFError: {CUT}") from None
        raise UnreadPackedError(
            "is cut off: the loader takes the part that is there without a word; write it again"
        ) from None


def beginning(path: Path, packing: str, most: int) -> bytes:
    """Up to so many bytes of the first file that the loader may read in a packed one. Raises DamagedError,
    UnreadPackedError.
    """
    with ExitStack() as stack:
        file = stack.enter_context(_reading(open_bytes)(path))
        for name, content in _members(file, packing, stack):
            if name is None or in_loaders_order([name]):
                with suppress(_CutError):
                    head: bytes = _reading(content.read)(most)
                    return head
    return b""


def _unpack(path: Path, packing: str, writer: Writer) -> None:
    with ExitStack() as stack:
        file = stack.enter_context(_reading(open_bytes)(path))
        budget = _Budget(_reading(file.seek)(0, 2))
        _reading(file.seek)(0)
        for number, (name, content) in enumerate(_members(file, packing, stack)):
            if number >= MOST_MEMBERS:
                raise UnreadPackedError(f"holds more than {count(MOST_MEMBERS, 'file')}; unpack it")
            with writer(name) as out:
                while block := _reading(content.read)(_BLOCK):
                    budget.take(len(block))
                    out.write(block)


def _members(file: BinaryIO, packing: str, stack: ExitStack) -> Iterator[tuple[str | None, IO[bytes]]]:
    if packing == "zip":
        yield from _zip_members(file, stack)
    elif packing.startswith("tar"):
        yield from _tar_members(file, packing.removeprefix("tar").removeprefix(" in "), stack)
    else:
        yield None, _stream(file, packing)


def _stream(file: BinaryIO, packing: str) -> IO[bytes]:
    """The unpacked bytes of what is no archive. Raises UnreadPackedError."""
    if packing in ("zstd", "lz4"):
        import pyarrow as pa

        stream: IO[bytes] = pa.CompressedInputStream(file, packing)
        return stream
    if packing not in STREAMS:
        raise UnreadPackedError(
            f"is packed with {packing}, which the loader unpacks where the package {NEEDS[packing]} is installed, and "
            "which is not read here; unpack it"
        )
    return STREAMS[packing](file)


def in_loaders_order(names: list[str]) -> list[str]:
    """The members that the loader reads: of each folder its files, then its sub-folders; nothing that is hidden."""
    shown = [name for name in names if not any(step.startswith(_HIDDEN) for step in name.split("/"))]
    return sorted(shown, key=_walked)


def _walked(name: str) -> list[tuple[bool, str]]:
    *folders, last = name.split("/")
    return [*((True, step) for step in folders), (False, last)]


def is_unpacked_again(name: str | None) -> bool:
    """Whether pandas unpacks a member of an archive for its name."""
    return name is not None and name.endswith(_COMPRESSED)


class _CutError(Exception):
    """A stream of zstd or lz4 ends early."""


class _Budget:
    """Counts what a file unpacks to."""

    def __init__(self, packed: int) -> None:
        self._packed, self._taken = packed, 0

    def take(self, number: int) -> None:
        self._taken += number
        if self._taken > MOST_BYTES:
            raise UnreadPackedError(f"unpacks to more than {_bytes(MOST_BYTES)}, which is not read; unpack it")
        if self._taken > max(FREE_BYTES, MOST_RATIO * self._packed):
            raise UnreadPackedError(
                f"unpacks to more than {_bytes(FREE_BYTES)} and {MOST_RATIO:,} times its size, as a decompression bomb "
                "does, which is not read; unpack it"
            )


def _bytes(number: int) -> str:
    return f"{number >> 30:,} GiB" if number >= 1 << 30 else f"{number:,} bytes"


def _reading(call: Callable[..., Any]) -> Callable[..., Any]:
    """The call, with whatever it raises told as the loader's error."""

    def told(*given: Any, **more: Any) -> Any:
        try:
            return call(*given, **more)
        except (UnreadPackedError, DamagedError, _CutError):
            raise
        except Exception as error:  # decoders raise what they like at bytes that are not their own
            raise _told(error) from None

    return told


def _told(error: Exception) -> Exception:
    """An error in the words of the loader, which reads zstd and lz4 by other packages."""
    words, name = str(error), type(error).__name__
    if words.startswith("ZSTD decompress failed: "):
        return DamagedError(f"ZstdError: zstd decompressor error: {words.partition(': ')[2]}")
    if words.startswith("LZ4 decompress failed: "):
        return DamagedError(f"RuntimeError: LZ4F_decompress failed with code: {words.partition(': ')[2]}")
    if words == "Memory usage limit exceeded":
        return UnreadPackedError("needs more than 512 MiB of memory to be unpacked, which is not done; unpack it")
    if words == "Truncated compressed stream":
        return _CutError()
    return DamagedError(clip(f"{'zlib.' if name == 'error' else ''}{name}: {words}", 200))


def _zip_members(file: BinaryIO, stack: ExitStack) -> Iterator[tuple[str, IO[bytes]]]:
    end = _reading(zipfile._EndRecData)(file)  # type: ignore[attr-defined]
    if end and end[5] > _MOST_DIRECTORY:
        raise UnreadPackedError("has a directory of more than 16 MiB, which is not read; unpack it")
    archive = stack.enter_context(_reading(zipfile.ZipFile)(file))
    infos = archive.infolist()
    _check_places([_within(info.filename) for info in infos], [info.is_dir() for info in infos])
    for info in infos:
        if info.is_dir():
            continue
        if info.compress_type == zipfile.ZIP_LZMA:
            raise UnreadPackedError("holds a member that is packed with LZMA, which is not read; unpack it")
        with _reading(archive.open)(info) as content:
            yield _within(info.filename), content


class _Header(tarfile.TarInfo):
    """A header whose names and attributes are of a bounded length."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if header.type in _LONG and header.size > _MOST_HEADER:
            raise UnreadPackedError("holds a header of more than 1 MiB, which is not read; unpack it")
        return header


def _tar_members(file: BinaryIO, around: str, stack: ExitStack) -> Iterator[tuple[str, IO[bytes]]]:
    stream = STREAMS[around](file) if around else file
    archive = stack.enter_context(_reading(tarfile.open)(fileobj=stream, mode="r:", tarinfo=_Header))
    seen: dict[str, bool] = {}
    while (member := _reading(archive.next)()) is not None:
        name = _within(member.name)
        if not (member.isreg() or member.isdir()):
            raise UnreadPackedError("holds links or devices, which are not followed; unpack it")
        seen[name] = member.isdir()
        if len(seen) > MOST_MEMBERS:
            raise UnreadPackedError(f"holds more than {count(MOST_MEMBERS, 'file')}; unpack it")
        if member.isreg():
            content = _reading(archive.extractfile)(member)
            yield name, content
        archive.members.clear()
    _check_places(list(seen), list(seen.values()))


def _within(name: str) -> str:
    """Where a member lies in the archive's folder."""
    if name.startswith("/") or ".." in name.split("/"):
        raise UnreadPackedError("holds a member that leads out of it, which is not unpacked; unpack it")
    return posixpath.normpath(name)


def _check_places(names: list[str], are_folders: list[bool]) -> None:
    files = {name for name, is_folder in zip(names, are_folders, strict=True) if not is_folder}
    folders = {name for name, is_folder in zip(names, are_folders, strict=True) if is_folder}
    for name in names:
        while name := posixpath.dirname(name):
            folders.add(name)
    if files & folders:
        raise UnreadPackedError("holds a file and a folder of one name, which is not unpacked; unpack it")
