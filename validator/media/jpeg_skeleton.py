"""Whether a JPEG loads, decided from its marker segments alone, at a few percent of the cost of decoding it.

libjpeg never fails on entropy-coded data (it warns, and Pillow drops warnings); a load fails at a marker segment, by
running out of input, above 65500 pixels a side, or while colour and sampling are set up. If an end marker is reachable
the input cannot run out. So the file without its entropy data, shrunk to 16 pixels, is given to Pillow's own libjpeg.
The answer is only ever "it loads"; anything unusual is doubt, and doubt goes to a real load().
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from io import BytesIO

from PIL import Image

MAX_SIDE = 65500
"""libjpeg's own limit; a JPEG header can name 65535."""
_MARKER = re.compile(rb"\xff[^\x00\xff]", re.DOTALL)
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)
_KEPT = frozenset((0xC4, 0xDB, 0xDD, 0xE0, 0xEE))  # DHT DQT DRI JFIF Adobe
_SKIPPED = frozenset((*range(0xE1, 0xEE), 0xEF, 0xFE))  # other APPn, comments
_FRAMES = frozenset((0xC0, 0xC1, 0xC2))  # baseline, extended, progressive
_BARE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a length
_SOS, _EOI = 0xDA, 0xD9


def certainly_loads(data: bytes) -> bool:
    """True when Pillow's load() and convert("RGB") of this JPEG are certain to succeed; False means doubt."""
    skeleton = _skeleton(data)
    if skeleton is None:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(skeleton), formats=["JPEG"]) as image:
                image.load()
                image.convert("RGB")
    except Exception:
        return False
    return True


def num_scans(data: bytes) -> int:
    """How often a decoder walks over the pixels: the scans up to the end of the first picture."""
    return sum(marker == _SOS for marker, _, _ in _segments(data))


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment, as libjpeg finds them: what lies between two is skipped. A scan ends where
    its entropy data does. The walk ends at the end marker, or where the file is cut.
    """
    position = 2
    while found := _MARKER.search(data, position):
        start, marker = found.start(), data[found.start() + 1]
        if marker == _EOI:
            yield marker, start, start + 2
            return
        position = start + 2
        if marker not in _BARE:
            length = int.from_bytes(data[position : position + 2], "big")
            position += length
            if length < 2 or position > len(data):
                return
        if marker == _SOS:
            after = _MARKER_IN_SCAN.search(data, position)
            position = after.start() if after else len(data)
        yield marker, start, position


def _skeleton(data: bytes) -> bytes | None:
    """The file without entropy data, its frame cut to 16 x 16; None in doubt."""
    if data[:2] != b"\xff\xd8":
        return None
    parts = [b"\xff\xd8"]
    position = 2
    framed = False
    for marker, start, end in _segments(data):
        if start != position:  # junk between segments
            return None
        if marker == _EOI:
            return b"".join((*parts, b"\xff\xd9")) if framed and parts[-1][1] == _SOS else None
        segment = data[start : start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")]
        if marker in _FRAMES:
            small = _small_frame(segment)
            if framed or small is None:
                return None
            parts.append(small)
            framed = True
        elif marker in _KEPT or (marker == _SOS and framed):
            parts.append(segment)
        elif marker not in _SKIPPED:
            return None
        position = end
    return None


def _small_frame(segment: bytes) -> bytes | None:
    if len(segment) < 10:
        return None
    high, wide = int.from_bytes(segment[5:7], "big"), int.from_bytes(segment[7:9], "big")
    if not (0 < high <= MAX_SIDE and 0 < wide <= MAX_SIDE):
        return None
    return segment[:5] + min(16, high).to_bytes(2, "big") + min(16, wide).to_bytes(2, "big") + segment[9:]
