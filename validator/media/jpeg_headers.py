"""JPEG headers that were met before.

What Pillow says of a JPEG on opening it follows from the bytes up to its first scan, and what one encoder writes there
is the same for picture after picture but for the size. So these bytes, without the size, stand for what Pillow has
said, and for whether the skeleton (`jpeg_skeleton`) loads. Only what is beyond doubt is remembered: segments one after
the other, one frame, no warning, sides between the skeleton's and libjpeg's limits.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from validator.media.jpeg_skeleton import BARE, EOI, FRAMES, MAX_SIDE, SIDE, SOS, end_of_scan, segments

MOST_SHAPES, _MOST = 8, 1024
"""Shapes, and headers of all shapes, that are remembered."""
_PATIENCE = 64
"""Misses in a row after which only every so many-th header is learned: these pictures have nothing in common."""

Opened = tuple[str | None, int | None, int | None, int | None]
"""Mode, bits, frames and orientation of an opened image."""


@dataclass(frozen=True, slots=True)
class Header:
    """`opened`: what was measured of the opened image besides its size. `scan`: where the entropy data begin, if the
    file certainly loads once they end in an end marker; None where that is not known.
    """

    opened: Opened
    scan: int | None


class Headers:
    """Headers by their shape: where one ends, and where in it the size stands."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[int, int], dict[bytes, Header]] = {}
        self._number = self._misses = 0

    def recall(self, data: bytes) -> tuple[Header, int, int] | None:
        """What is known of a file that begins so, and its width and height."""
        if not data.startswith(b"\xff\xd8\xff"):
            return None
        for (end, place), known in self._shapes.items():
            header = known.get(data[:place] + data[place + 4 : end])
            if header is not None:
                self._misses = 0
                high, wide = (int.from_bytes(data[at : at + 2], "big") for at in (place, place + 2))
                return (header, wide, high) if _is_usual(wide, high) else None
        self._misses += 1
        return None

    def learn(self, data: bytes, size: tuple[int, int], opened: Opened, *, loads: bool) -> None:
        """Remember a JPEG that was opened without a warning; `loads`: its skeleton certainly does, and its only scan
        ends in an end marker.
        """
        if (self._misses > _PATIENCE and self._misses % _PATIENCE) or not _is_usual(*size):
            return
        shape = shape_of(data)
        if shape is None:
            return
        if self._number == _MOST or (len(self._shapes) == MOST_SHAPES and shape not in self._shapes):
            self._shapes, self._number = {}, 0
        end, place = shape
        header = Header(opened, end if loads else None)
        self._shapes.setdefault(shape, {})[data[:place] + data[place + 4 : end]] = header
        self._number += 1


def is_whole(data: bytes, header: Header) -> bool:
    """Whether a file with a known header certainly loads: its only scan ends in an end marker."""
    if header.scan is None:
        return False
    end = end_of_scan(data, header.scan)
    return end is not None and data[end + 1] == EOI


def _is_usual(wide: int, high: int) -> bool:
    return SIDE <= wide <= MAX_SIDE and SIDE <= high <= MAX_SIDE and wide * high <= (Image.MAX_IMAGE_PIXELS or 0)


def shape_of(data: bytes) -> tuple[int, int] | None:
    """Where the header of the first scan ends, and where height and width stand; None where Pillow, reading segment
    after segment, might see something else.
    """
    position, place = 2, None
    for marker, start, _ in segments(data):
        length = 0 if marker in BARE else int.from_bytes(data[start + 2 : start + 4], "big")
        if start != position:
            return None
        position += 2 + length
        if marker in FRAMES:
            if place is not None:
                return None
            place = start + 5
        if marker == SOS:
            return None if place is None or position > len(data) else (position, place)
    return None
