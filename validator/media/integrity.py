"""The cheap checks, by format: each says of an opened image that it certainly loads, or leaves it in doubt.

What is not in the table has no cheaper exact check known (WebP, GIF, AVIF, JPEG 2000, compressed TIFF ...).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO

from PIL import ImageFile

from validator.media import jpeg_skeleton, png_strict, raw_tiles

MAX_JPEG_BYTES = 256 << 20
"""A JPEG is read whole for its skeleton; Pillow's load() of a larger file reads it piece by piece."""


def _jpeg(image: ImageFile.ImageFile, file: BinaryIO) -> bool:
    if file.seek(0, os.SEEK_END) > MAX_JPEG_BYTES:
        return False
    file.seek(0)
    return jpeg_skeleton.certainly_loads(file.read())


CHECKS: dict[str, Callable[[ImageFile.ImageFile, BinaryIO], bool]] = {
    "JPEG": _jpeg,
    "MPO": _jpeg,  # the first picture, which is all that the trainer reads, is a JPEG from byte 0
    "PNG": png_strict.certainly_loads,
    "BMP": raw_tiles.certainly_loads,
    "DIB": raw_tiles.certainly_loads,
    "TIFF": raw_tiles.certainly_loads,
    "PPM": raw_tiles.certainly_loads,
    "TGA": raw_tiles.certainly_loads,
}


def reader_of(source: str | bytes) -> BinaryIO:
    """A file opened by its path, or bytes in memory as a file."""
    return open(source, "rb") if isinstance(source, str) else BytesIO(source)


def certainly_loads(image: ImageFile.ImageFile, source: str | bytes) -> bool:
    """True when Pillow's load() and convert("RGB") are certain to succeed; False, after any exception too, is doubt."""
    check = CHECKS.get(image.format or "")
    if check is None:
        return False
    try:
        with reader_of(source) as file:
            return check(image, file)
    except Exception:
        return False


def num_scans(image: ImageFile.ImageFile, source: str | bytes) -> int | None:
    """The scans of a JPEG, each of which is a walk over all pixels; None for other formats and very large files."""
    if image.format not in ("JPEG", "MPO"):
        return None
    try:
        with reader_of(source) as file:
            data = file.read(MAX_JPEG_BYTES + 1)
    except OSError:
        return None
    return jpeg_skeleton.num_scans(data) if len(data) <= MAX_JPEG_BYTES else None
