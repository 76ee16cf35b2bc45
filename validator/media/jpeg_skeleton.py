"""Whether a JPEG loads, decided from its marker segments alone, at a few percent of the cost of decoding it.

libjpeg never fails on entropy-coded data (it warns, and Pillow drops warnings); a load fails at a marker segment, by
running out of input, above 65500 pixels a side, or while colour and sampling are set up. If an end marker is reachable
the input cannot run out. So the file without its entropy data, shrunk to 16 pixels, is given to Pillow's own libjpeg.
The answer is only ever "it loads"; anything unusual is doubt, and doubt goes to a real load().
"""

from __future__ import annotations

import re
import warnings
from io import BytesIO

from PIL import Image

MAX_SIDE = 65500
"""libjpeg's own limit; a JPEG header can name 65535."""
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)
_KEPT = frozenset((0xC4, 0xDB, 0xDD, 0xE0, 0xEE))  # DHT DQT DRI JFIF Adobe
_SKIPPED = frozenset((*range(0xE1, 0xEE), 0xEF, 0xFE))  # other APPn, comments
_FRAMES = frozenset((0xC0, 0xC1, 0xC2))  # baseline, extended, progressive
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
            found = _MARKER_IN_SCAN.search(data, segment_end)
            if found is None:
                return None
            segment_end = found.start()
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
    return segment[:5] + min(16, high).to_bytes(2, "big") + min(16, wide).to_bytes(2, "big") + segment[9:]
