"""Whether an image of uncompressed pixels loads, by arithmetic on Pillow's own list of tiles.

The raw decoder only copies: it fails at a tile outside the image, at a stride shorter than a row, at an unknown raw
mode, or by running out of data. Palette and conversion are replayed on one pixel. The answer is only ever "it loads".
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any, BinaryIO

from PIL import Image, ImageFile, TiffTags

MAX_WIDTH = 1_000_000
"""Pixels; see png_strict."""
_ORIENTATION, _XMP = 274, 700
_TGA_FOOTER = 26


def certainly_loads(image: ImageFile.ImageFile, file: BinaryIO) -> bool:
    """True when Pillow's load() and convert("RGB") of this opened image are certain to succeed; False means doubt."""
    num_bytes = os.fstat(file.fileno()).st_size
    if not image.tile or image.width > MAX_WIDTH:
        return False
    if image.format == "TIFF" and not _plain_tiff(image):
        return False
    if image.format == "TGA" and num_bytes < _TGA_FOOTER:  # load() looks for a footer
        return False
    return all(_tile_fits(image, tile, num_bytes) for tile in image.tile) and _converts(image)


def _plain_tiff(image: Any) -> bool:
    """No tags that load() acts on: orientations (XMP may hold one), and directories that it reads."""
    tags: dict[int, Any] = image.tag_v2
    acted_on = (_XMP, *TiffTags.TAGS_V2_GROUPS)
    return bool(tags.get(_ORIENTATION, 1) == 1) and not any(tag in tags for tag in acted_on)


def _tile_fits(image: ImageFile.ImageFile, tile: Any, num_bytes: int) -> bool:
    codec, extents, offset, args = tile
    raw_mode, stride = (args, 0) if isinstance(args, str) else args[:2]
    if codec != "raw" or extents is None or not isinstance(offset, int) or not isinstance(stride, int):
        return False
    left, top, right, bottom = extents
    if not (0 <= left < right <= image.width and 0 <= top < bottom <= image.height and offset >= 0):
        return False
    row = ((right - left) * _bits(image.mode, raw_mode) + 7) // 8
    stride = stride or row
    return bool(stride >= row and offset + stride * (bottom - top) <= num_bytes)


@lru_cache
def _bits(mode: str, raw_mode: str) -> int:
    """Bits per pixel of a raw mode, asked of Pillow's decoder: the fewest bytes that fill eight pixels.

    Raises ValueError where the decoder does not know the pair.
    """
    for bits in range(1, 129):
        try:
            Image.frombytes(mode, (8, 1), bytes(bits), "raw", raw_mode)
        except ValueError as error:
            if "not enough" not in str(error):
                raise
        else:
            return bits
    raise ValueError(raw_mode)


def _converts(image: ImageFile.ImageFile) -> bool:
    pixel = Image.new(image.mode, (1, 1))
    pixel.info = dict(image.info)
    if image.palette is not None:
        pixel.palette = image.palette.copy()
        pixel.palette.dirty = 1
    pixel.load()
    pixel.convert("RGB")
    return True
