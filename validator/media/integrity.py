"""The cheap checks, by format: each says of an opened image that it certainly loads, or leaves it in doubt.

What is not in the table has no cheaper exact check known (WebP, GIF, AVIF, JPEG 2000, compressed TIFF ...).
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO

from PIL import ImageFile

from validator.media import jpeg_skeleton, png_strict, raw_tiles

MAX_JPEG_BYTES = 256 << 20
"""A JPEG is read whole for its skeleton; Pillow's load() of a larger file reads it piece by piece."""


CHECKS: dict[str, Callable[[ImageFile.ImageFile, BinaryIO], bool]] = {
    "PNG": png_strict.certainly_loads,
    "BMP": raw_tiles.certainly_loads,
    "DIB": raw_tiles.certainly_loads,
    "TIFF": raw_tiles.certainly_loads,
    "PPM": raw_tiles.certainly_loads,
    "TGA": raw_tiles.certainly_loads,
}
JPEGS = frozenset(("JPEG", "MPO"))
"""MPO: the first picture, which is all that the trainer reads, is a JPEG from byte 0."""


def reader_of(source: str | bytes) -> BinaryIO:
    """A file opened by its path, or bytes in memory as a file."""
    return open(source, "rb") if isinstance(source, str) else BytesIO(source)


def examine(image: ImageFile.ImageFile, source: str | bytes) -> tuple[bool, int | None]:
    """Whether Pillow's load() and convert("RGB") are certain to succeed; False, after any exception too, is doubt. And
    the scans of a JPEG, each of which is a walk over all pixels; None for other formats and very large files.
    """
    check = CHECKS.get(image.format or "")
    try:
        if image.format in JPEGS:
            with reader_of(source) as file:
                data = file.read(MAX_JPEG_BYTES + 1)
            return jpeg_skeleton.examine(image, data) if len(data) <= MAX_JPEG_BYTES else (False, None)
        if check is not None:
            with reader_of(source) as file:
                return check(image, file), None
    except Exception:
        return False, None
    return False, None
