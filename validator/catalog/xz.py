"""Reads xz files with bounded memory, otherwise as `lzma.open` does: streams one after the other, what follows them
ignored.
"""

from __future__ import annotations

import io
import lzma
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_MEMORY = 512 << 20
"""Bytes that a decoder may ask for: eight times what `xz -9` makes necessary."""
_READ = 1 << 16


def open_xz(file: BinaryIO) -> BinaryIO:
    """The unpacked bytes. Reading raises EOFError where the file is cut off, LZMAError where it is damaged or would
    need more than MOST_MEMORY.
    """
    return io.BufferedReader(_Unpacked(file))


class _Unpacked(io.RawIOBase):
    def __init__(self, file: BinaryIO) -> None:
        self._file, self._at = file, 0
        self._decoder: lzma.LZMADecompressor | None = None
        self._ended = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Forward only."""
        ahead = offset if whence == io.SEEK_CUR else offset - self._at
        if whence == io.SEEK_END or ahead < 0:
            raise io.UnsupportedOperation("only forward")
        while ahead and (data := self._next(min(ahead, _READ))):
            ahead -= len(data)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        data = self._next(len(view))
        view[: len(data)] = data
        return len(data)

    def _next(self, most: int) -> bytes:
        """Up to so many bytes; none at the end."""
        while not self._ended and most:
            decoder = self._decoder
            if decoder is None or decoder.eof:
                first = decoder is None
                given = (b"" if decoder is None else decoder.unused_data) or self._file.read(_READ)
                if not given and not first:
                    break
                self._decoder = decoder = lzma.LZMADecompressor(memlimit=MOST_MEMORY)
                try:
                    data = decoder.decompress(given, most)
                except lzma.LZMAError:
                    if first:
                        raise
                    break  # what follows the last stream
                if not given:
                    raise EOFError(CUT)
            else:
                given = self._file.read(_READ) if decoder.needs_input else b""
                if decoder.needs_input and not given:
                    raise EOFError(CUT)
                data = decoder.decompress(given, most)
            if data:
                self._at += len(data)
                return data
        self._ended = True
        return b""


CUT = "Compressed file ended before the end-of-stream marker was reached"
