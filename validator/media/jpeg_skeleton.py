"""Whether a JPEG loads, decided from its marker segments alone, at a few percent of the cost of decoding it.

libjpeg never fails on entropy-coded data (it warns, and Pillow drops warnings); a load fails at a marker segment, by
running out of input, above 65500 pixels a side, or while colour and sampling are set up. If an end marker is reachable
the input cannot run out. So the file without its entropy data, shrunk to 16 pixels, is given to Pillow's own libjpeg,
with the parameters that Pillow has found on opening the file. The answer is only ever "it loads"; anything unusual is
doubt, and doubt goes to a real load().
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFile

MAX_SIDE = 65500
"""libjpeg's own limit; a JPEG header can name 65535."""
_KEPT = frozenset((0xC4, 0xDB, 0xDD, 0xE0, 0xEE))  # DHT DQT DRI JFIF Adobe
_SKIPPED = frozenset((*range(0xE1, 0xEE), 0xEF, 0xFE))  # other APPn, comments
_FRAMES = frozenset((0xC0, 0xC1, 0xC2))  # baseline, extended, progressive
_SOS, _EOI = 0xDA, 0xD9
_SIDE = 16
"""Pixels, to which the frame is cut."""
_BLOCK = 1 << 17
"""Bytes that are searched at once."""


def certainly_loads(image: ImageFile.ImageFile, data: bytes) -> bool:
    """True when Pillow's load() and convert("RGB") of this opened JPEG are certain to succeed; False means doubt."""
    skeleton = _skeleton(data)
    if skeleton is None or len(image.tile) != 1:
        return False
    codec, _, _, arguments = image.tile[0]
    if codec != "jpeg" or not isinstance(arguments, tuple):
        return False
    try:
        size = (min(_SIDE, image.width), min(_SIDE, image.height))
        Image.frombytes(image.mode, size, skeleton, codec, *arguments).convert("RGB")
    except Exception:
        return False
    return True


def _skeleton(data: bytes) -> bytes | None:
    """The file without entropy data, its frame cut to 16 x 16; None in doubt."""
    if data[:2] != b"\xff\xd8":
        return None
    parts = [b"\xff\xd8"]
    position, end = 2, len(data)
    framed = False
    while position + 2 <= end and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == _EOI:
            return b"".join((*parts, b"\xff\xd9")) if framed and parts[-1][1] == _SOS else None
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        segment_end = position + 2 + length
        if length < 2 or segment_end > end:
            return None
        segment = data[position:segment_end]
        if marker in _FRAMES:
            if framed or length < 8:
                return None
            small = _small_frame(segment)
            if small is None:
                return None
            parts.append(small)
            framed = True
        elif marker == _SOS:
            if not framed:
                return None
            parts.append(segment)
            marker_at = _end_of_scan(data, segment_end)
            if marker_at is None:
                return None
            segment_end = marker_at
        elif marker in _KEPT:
            parts.append(segment)
        elif marker not in _SKIPPED:
            return None
        position = segment_end
    return None


def _small_frame(segment: bytes) -> bytes | None:
    high, wide = int.from_bytes(segment[5:7], "big"), int.from_bytes(segment[7:9], "big")
    if not (0 < high <= MAX_SIDE and 0 < wide <= MAX_SIDE):
        return None
    return segment[:5] + min(_SIDE, high).to_bytes(2, "big") + min(_SIDE, wide).to_bytes(2, "big") + segment[9:]


def _end_of_scan(data: bytes, start: int) -> int | None:
    """Where entropy data end: at the first 0xFF that neither a zero nor a restart marker follows."""
    values = np.frombuffer(data, np.uint8)
    for begin in range(start, len(data) - 1, _BLOCK):
        following = values[begin + 1 : begin + 1 + _BLOCK]
        marked = values[begin : begin + len(following)] == 0xFF
        marked &= following != 0
        places = np.flatnonzero(marked)
        places = places[following[places] & 0xF8 != 0xD0]
        if places.size:
            return begin + int(places[0])
    return None
