"""What players do with a video and trainers do not: they turn it, and they show it to its end."""

from __future__ import annotations

import struct
from typing import Any

_TURNS = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
"""The signs of a display matrix (a, b, c, d) and the EXIF orientation that says the same, as in FFmpeg's own table
(libavcodec/exif.c).
"""


def orientation_of(frame: Any) -> int | None:
    """The display matrix of a decoded frame as an EXIF orientation, to the nearest quarter turn; None without one."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return None
    across, down, _, along, up, *_ = struct.unpack("=9i", bytes(data))
    upright = abs(across) + abs(up) >= abs(down) + abs(along)
    kept = (across, 0, 0, up) if upright else (0, down, along, 0)
    return _TURNS.get(tuple((value > 0) - (value < 0) for value in kept))  # type: ignore[arg-type]


def seconds_shown(first: Any, after: Any, last: Any, rate: Any, *, shown: int, frames: int) -> tuple[float, ...]:
    """The seconds of the first `shown` of `frames` frames of a video and of all of them; () where its frames have
    neither times nor a rate (frames a second). `after` is the first frame that is not shown.
    """
    if None not in (first.time, after.time, last.time):
        length = last.time - first.time
        return after.time - first.time, length + length / (frames - 1)
    return (float(shown / rate), float(frames / rate)) if rate else ()
