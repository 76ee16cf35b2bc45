"""Whether a PNG loads, decided by inflating its pixels without unpacking them: a tenth to 60 % of the cost of load().

Pillow's load() of a PNG fails at a chunk, at the inflate stream, at a filter byte above 4, or by running out of data;
convert() fails at the palette or the transparency. So the stream is inflated here, block by block, and must end exactly
where the image does, checksum included; and a PNG of one pixel with all other chunks as they stand is given to Pillow,
which judges them itself. The answer is only ever "it loads"; anything unusual is doubt, and doubt goes to
load().
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageFile
from zlib_ng import zlib_ng

MAX_WIDTH = 1_000_000
"""Pixels. Wider rows come near the 2**31 bits at which Pillow's decoder refuses memory."""
MAX_OTHER_BYTES = 4 << 20
"""Chunks before the pixels, and after them, that are replayed: longer ones (text bombs) go to load()."""
_BLOCK = 1 << 19
"""Bytes of the file, and of rows, held at once."""
_SIGNATURE_AND_HEADER = 33
_BITS = {
    "1": 1,
    "L;2": 2,
    "L;4": 4,
    "L": 8,
    "I;16B": 16,
    "P;1": 1,
    "P;2": 2,
    "P;4": 4,
    "P": 8,
    "RGB": 24,
    "RGB;16B": 48,
    "LA": 16,
    "LA;16B": 32,
    "RGBA": 32,
    "RGBA;16B": 64,
}
"""Bits per pixel in the file, by Pillow's raw mode (PngImagePlugin `_MODES`)."""
_PASSES = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2))
"""Adam7: first column, step, first row, step."""
_FILTERS = bytes(range(5))


def certainly_loads(image: ImageFile.ImageFile, file: BinaryIO) -> bool:
    """True when Pillow's load() and convert("RGB") of this opened PNG are certain to succeed; False means doubt.

    `image.info` is then completed with what stands behind the pixels (EXIF), as load() does.
    """
    if len(image.tile) != 1 or image.width > MAX_WIDTH:
        return False
    codec, extents, start, raw_mode = image.tile[0]
    bits = _BITS.get(raw_mode) if isinstance(raw_mode, str) else None
    if codec != "zip" or extents != (0, 0, *image.size) or bits is None or start > MAX_OTHER_BYTES:
        return False
    file.seek(0)
    head = file.read(start - 8)
    if head[8:16] != b"\x00\x00\x00\rIHDR" or head.count(b"IHDR") != 1 or b"acTL" in head:
        return False  # a second header changes the size; animations have rules of their own
    rows = _rows(image.width, image.height, bits, bool(image.info.get("interlace")))
    if not _inflates(file, rows):
        return False
    tail = file.read(MAX_OTHER_BYTES + 1)
    return len(tail) <= MAX_OTHER_BYTES and _chunks_load(image, head, tail, bits)


def _rows(width: int, height: int, bits: int, interlaced: bool) -> list[tuple[int, int]]:
    """(bytes per row with its filter byte, number of rows) of each pass."""
    passes = _PASSES if interlaced else ((0, 1, 0, 1),)
    sizes = [(len(range(x, width, dx)), len(range(y, height, dy))) for x, dx, y, dy in passes]
    return [(1 + (wide * bits + 7) // 8, high) for wide, high in sizes if wide and high]


def _inflates(file: BinaryIO, rows: list[tuple[int, int]]) -> bool:
    """Whether the run of IDAT chunks at the file's position is one zlib stream of exactly these rows.

    Leaves the file behind the run's last checksum (or, where that is cut, at the end).
    """
    stream = zlib_ng.decompressobj()  # Pillow's own inflater
    scan = _RowScan(rows)
    for piece in _image_data(file):
        while piece:
            if stream.eof or not scan.take(stream.decompress(piece, _BLOCK)):
                return False
            piece = stream.unconsumed_tail
    while not stream.eof and (rest := stream.decompress(b"", _BLOCK)):
        if not scan.take(rest):
            return False
    return stream.eof and not stream.unused_data and scan.complete


def _image_data(file: BinaryIO) -> Iterator[bytes]:
    """The contents of the IDAT chunks that follow each other, in pieces; a cut chunk just ends."""
    while True:
        here = file.tell()
        header = file.read(8)
        if header[4:] != b"IDAT":
            file.seek(here)
            return
        left = int.from_bytes(header[:4], "big")
        while left and (piece := file.read(min(left, _BLOCK))):
            left -= len(piece)
            yield piece
        file.read(4)


class _RowScan:
    """Follows inflated bytes through the rows: filter bytes are 0 to 4, and the rows end where the bytes end."""

    def __init__(self, rows: list[tuple[int, int]]) -> None:
        self._rows = rows
        self._pass = 0
        self._left = rows[0][0] * rows[0][1]
        self._next = 0  # bytes until the next filter byte

    @property
    def complete(self) -> bool:
        return self._pass == len(self._rows)

    def take(self, data: bytes) -> bool:
        while data:
            if self.complete:
                return False
            length = self._rows[self._pass][0]
            part, data = data[: self._left], data[self._left :]
            if part[self._next :: length].translate(None, _FILTERS):
                return False
            self._next = (self._next - len(part)) % length
            self._left -= len(part)
            if not self._left:
                self._pass, self._next = self._pass + 1, 0
                self._left = 0 if self.complete else self._rows[self._pass][0] * self._rows[self._pass][1]
        return True


def _chunks_load(image: ImageFile.ImageFile, head: bytes, tail: bytes, bits: int) -> bool:
    """Whether Pillow loads and converts the file with its pixels replaced by a single one."""
    header = b"IHDR" + bytes((0, 0, 0, 1, 0, 0, 0, 1)) + head[24:29]
    pixel = zlib.compress(bytes(1 + (bits + 7) // 8))
    small = b"".join(
        (
            head[:12] + header + zlib.crc32(header).to_bytes(4, "big"),
            head[_SIGNATURE_AND_HEADER:],
            len(pixel).to_bytes(4, "big") + b"IDAT" + pixel + zlib.crc32(b"IDAT" + pixel).to_bytes(4, "big"),
            tail,
        )
    )
    with Image.open(BytesIO(small), formats=["PNG"]) as replayed:
        if replayed.mode != image.mode:
            return False
        replayed.load()
        replayed.convert("RGB")
        image.info.update(replayed.info)
    return True
