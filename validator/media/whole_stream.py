"""Videos as transformers has torchcodec read them: every frame of a stream, and the rate at which they are shown.

Source: torchcodec 0.13 (the same in 0.17) in its mode `exact`: the frames are the packets of the best stream, and the
rate is their number by the time from the first to the end of the last; transformers 5.24 `video_utils.py`, and
`sample_frames` of `video_processing_qwen3_vl.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from validator.media.playing import orientation_of
from validator.media.video_recipe import VideoRecipe
from validator.media.whole_video import ReadersDifferError, TooShortError

_PAIR = 2
_COMPARED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi")
"""Containers, as FFmpeg calls them, that torchcodec reads so: in transport streams it misses the first frame."""


@dataclass(frozen=True, slots=True)
class WholeStream:
    """Frames of `width` x `height` pixels, shown at `rate` a second."""

    number: int
    rate: float
    width: int
    height: int


def read_stream(container: Any, *, decodes: bool) -> WholeStream:
    """Read the best video stream of a container. `decodes`: its frames are decoded, else its packets are believed.
    Raises ReadersDifferError where readers make different things of it, and what the decoder raises.
    """
    if container.format.name not in _COMPARED:
        raise ReadersDifferError(f"its container, {container.format.name}, is not compared")
    stream = container.streams.best("video")
    begin: int | None = None
    end = packets = number = 0
    sizes = set() if decodes else {(stream.width, stream.height)}
    for packet in container.demux(stream):
        if packet.size or packet.dts is not None:
            begin, end, packets = _seen(packet, begin, end, packets)
        for frame in packet.decode() if decodes else ():
            if not number and orientation_of(frame) not in (None, 1):
                raise ReadersDifferError("a matrix turns it")
            number += 1
            sizes.add((frame.width, frame.height))
    if decodes and packets != number:
        raise ReadersDifferError(f"it has {packets:,} packets and {number:,} frames")
    if begin is None or len(sizes) != 1:
        raise ReadersDifferError(f"its frames have {len(sizes)} sizes")
    base = stream.time_base
    seconds = end * base.numerator / base.denominator - begin * base.numerator / base.denominator
    rate = packets / seconds if seconds else float(stream.average_rate or 0)
    if rate <= 0:
        raise ReadersDifferError("it names no rate of frames")
    return WholeStream(packets, rate, *sizes.pop())


def _seen(packet: Any, begin: int | None, end: int, packets: int) -> tuple[int | None, int, int]:
    """The beginning, the end and the number of packets, one more seen; those that are to be discarded do not count."""
    if packet.is_discard:
        return begin, end, packets
    if not packet.size:
        raise ReadersDifferError("it has packets without data")
    shown = packet.dts if packet.pts is None else packet.pts
    until = shown + (packet.duration or 0)
    if begin is None:
        return shown, until, packets + 1
    return min(begin, shown), max(end, until), packets + 1


def sampled_at(stream: WholeStream, recipe: VideoRecipe) -> list[float]:
    """The seconds of the frames that are sampled, in order. Raises TooShortError."""
    import numpy as np

    number = min(max(int(stream.number / stream.rate * recipe.fps), recipe.least), recipe.most, stream.number)
    if number < _PAIR:
        raise TooShortError(f"t:{number} must be larger than temporal_factor:{_PAIR}")
    places = np.linspace(0, stream.number - 1, number).round().astype(int).tolist()
    return [place / stream.rate for place in places]
