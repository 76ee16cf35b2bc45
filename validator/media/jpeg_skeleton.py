"""Whether a JPEG loads, decided from its marker segments alone, at a few percent of the cost of decoding it.

libjpeg never fails on entropy-coded data (it warns, and Pillow drops warnings); a load fails at a marker segment, by
running out of input, above 65500 pixels a side, or while colour and sampling are set up. If an end marker is reachable
the input cannot run out. So the file without its entropy data, shrunk to 16 pixels, is given to Pillow's own libjpeg,
with the parameters that Pillow has found on opening the file. The answer is only ever "it loads"; anything unusual is
doubt, and doubt goes to a real load().
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageFile

MAX_SIDE = 65500
"""libjpeg's own limit; a JPEG header can name 65535."""
_MARKER = re.compile(rb"\xff[^\x00\xff]", re.DOTALL)
_KEPT = frozenset((0xC4, 0xDB, 0xDD, 0xE0, 0xEE))  # DHT DQT DRI JFIF Adobe
_SKIPPED = frozenset((*range(0xE1, 0xEE), 0xEF, 0xFE))  # other APPn, comments
FRAMES = frozenset((0xC0, 0xC1, 0xC2))  # baseline, extended, progressive
BARE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a length
SOS, EOI = 0xDA, 0xD9
SIDE = 16
"""Pixels, to which the frame is cut."""
_BLOCK = 1 << 18
"""Bytes that are searched at once."""


def examine(image: ImageFile.ImageFile, data: bytes) -> tuple[bool, int]:
    """Whether Pillow's load() and convert("RGB") of this opened JPEG are certain to succeed (False means doubt), and
    how often a decoder walks over the pixels: the scans up to the end of the first picture.
    """
    parts, scans = _skeleton(data)
    if parts is None or len(image.tile) != 1:
        return False, scans
    codec, _, _, arguments = image.tile[0]
    if codec != "jpeg" or not isinstance(arguments, tuple):
        return False, scans
    size = (min(SIDE, image.width), min(SIDE, image.height))
    return _loads(image.mode, size, b"".join(parts), arguments), scans


@lru_cache(maxsize=256)  # pictures that one encoder has made differ in their pixels, rarely in what is left here
def _loads(mode: str, size: tuple[int, int], small: bytes, arguments: tuple[Any, ...]) -> bool:
    try:
        Image.frombytes(mode, size, small, "jpeg", *arguments).convert("RGB")
    except Exception:
        return False
    return True


def _skeleton(data: bytes) -> tuple[list[bytes] | None, int]:
    """The file without entropy data, its frame cut to 16 x 16, None in doubt; and the number of scans."""
    parts: list[bytes] | None = [b"\xff\xd8"] if data[:2] == b"\xff\xd8" else None
    position, scans = 2, 0
    framed = ended = False
    for marker, start, end in segments(data):
        scans += marker == SOS
        if parts is None:
            continue
        if start != position:  # junk between segments
            parts = None
        elif marker == EOI:
            ended = framed and parts[-1][1] == SOS
            parts.append(b"\xff\xd9")
        elif marker in FRAMES:
            small = _small_frame(data[start:end])
            if framed or small is None:
                parts = None
            else:
                parts.append(small)
            framed = True
        elif marker in _KEPT or (marker == SOS and framed):
            parts.append(data[start : start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")])
        elif marker not in _SKIPPED:
            parts = None
        position = end
    return (parts if ended else None), scans


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment, as libjpeg finds them: what lies between two is skipped. A scan ends where
    its entropy data does. The walk ends at the end marker, or where the file is cut.
    """
    position = 2
    while found := _MARKER.search(data, position):
        start, marker = found.start(), data[found.start() + 1]
        if marker == EOI:
            yield marker, start, start + 2
            return
        position = start + 2
        if marker not in BARE:
            length = int.from_bytes(data[position : position + 2], "big")
            position += length
            if length < 2 or position > len(data):
                return
        if marker == SOS:
            after = end_of_scan(data, position)
            position = len(data) if after is None else after
        yield marker, start, position


def _small_frame(segment: bytes) -> bytes | None:
    if len(segment) < 10:
        return None
    high, wide = int.from_bytes(segment[5:7], "big"), int.from_bytes(segment[7:9], "big")
    if not (0 < high <= MAX_SIDE and 0 < wide <= MAX_SIDE):
        return None
    return segment[:5] + min(SIDE, high).to_bytes(2, "big") + min(SIDE, wide).to_bytes(2, "big") + segment[9:]


def end_of_scan(data: bytes, start: int) -> int | None:
    """Where entropy data end: at the first 0xFF that neither a zero nor a restart marker follows."""
    values = np.frombuffer(data, np.uint8)
    for begin in range(start, len(data) - 1, _BLOCK):
        following = values[begin + 1 : begin + 1 + _BLOCK]
        marked = values[begin : begin + len(following)] == 0xFF
        np.logical_and(marked.view(np.uint8), following, out=marked)
        first = int(marked.argmax())
        if not marked[first]:
            continue
        if following[first] & 0xF8 != 0xD0:
            return begin + first
        places = np.flatnonzero(marked)
        places = places[following[places] & 0xF8 != 0xD0]
        if places.size:
            return begin + int(places[0])
    return None
