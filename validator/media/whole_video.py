"""Videos whose readers sample among the frames that there are: which are fed, and how large one is.

Source: qwen-vl-utils 0.0.14 `vision_process.py`, `smart_nframes`, and nemo-automodel 0.7.0
`components/datasets/vlm/utils.py`, `_read_video_frames`, with decord 0.6.0 as the reader. Readers differ where
a video is damaged, is turned by a matrix, or names another number of frames than it has: OTHERWISE tells of those.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from validator.media.playing import orientation_of
from validator.media.video_recipe import VideoRecipe

OTHERWISE = "read-otherwise"
"""The fault of a video of which readers make different things."""
_PAIR = 2
_COMPARED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "flv", "asf")
"""Containers, as FFmpeg calls them, that decord reads so. Of transport streams it reads less, or nothing; of animated
GIFs, and of streams without a container, nothing: `Failed to measure duration in video stream`.
"""
_NO_WIDTHS = (8, 16, 24, 48, 72)
"""Frames of these widths decord decodes and cannot copy: `DECORDArrayCopyFromTo: The size must exactly match`."""


class TooShortError(ValueError):
    """The package's ValueError."""


class ReadersDifferError(Exception):
    """Readers make different things of a video."""


def smart_nframes(total: int, rate: float, recipe: VideoRecipe) -> int:
    """The number of frames that are sampled of `total` at `rate` frames a second. Raises TooShortError."""
    least = math.ceil(recipe.least / _PAIR) * _PAIR
    most = math.floor(min(recipe.most, total) / _PAIR) * _PAIR
    number = math.floor(min(min(max(total / rate * recipe.fps, least), most), total) / _PAIR) * _PAIR
    if not _PAIR <= number <= total:
        raise TooShortError(f"nframes should in interval [{_PAIR}, {total}], but got {number}.")
    return number


def sampled_of(total: int, rate: float, recipe: VideoRecipe) -> tuple[int, ...]:
    """The places of the frames that are sampled of `total` at `rate` frames a second. Raises TooShortError."""
    if recipe.sampler == "up-to-most":
        number = min(total, recipe.most)
        return spread(total, number + number % _PAIR)
    return spread(total, smart_nframes(total, rate, recipe))


@dataclass(frozen=True, slots=True)
class SampledVideo:
    """Of a video the places of the frames that are sampled, an even number, their size in pixels, and the frames a
    second that it names.
    """

    places: tuple[int, ...]
    width: int
    height: int
    rate: float

    @property
    def times(self) -> list[float]:
        """When each frame is shown, in seconds."""
        return [place / self.rate for place in self.places]


def sampled_again(video: SampledVideo, recipe: VideoRecipe) -> list[float]:
    """The seconds that are told of the frames that are left, in order: the processor knows a sampled video by its
    frames and the rate that is left to them, and samples by it; floating-point order is the trainer's.

    Source: unsloth_zoo 2026.10.9 `vision_utils.py`, `_read_video_decord`, `video_processor_kwargs`; transformers 5.17
    `video_processing_qwen3_vl.py`, `sample_frames`.
    """
    given = len(video.places)
    rate = given / (video.places[-1] + 1) * video.rate
    number = min(max(int(given / rate * recipe.fps), recipe.least), recipe.most, given)
    return [place / rate for place in np.linspace(0, given - 1, number).round().astype(int).tolist()]


def spread(total: int, number: int) -> tuple[int, ...]:
    """The places of `number` frames, two or more, spread over `total`: `torch.linspace(0, total - 1, number).round()`,
    which is worked out from both ends in single precision.
    """
    last = np.float32(total - 1)
    step = last / np.float32(number - 1)
    steps = np.arange(number, dtype=np.float32)
    spaced = np.where(steps < number // 2, step * steps, last - step * (np.float32(number - 1) - steps))
    return tuple(int(place) for place in np.round(spaced))


def sampled(container: Any, stream: Any, recipe: VideoRecipe, *, decodes: bool) -> SampledVideo:
    """What is sampled of an opened video. `decodes`: frames are counted, else the container is believed. Raises
    TooShortError, ReadersDifferError, and what the decoder raises.
    """
    rate = float(stream.average_rate) if stream.average_rate else 0.0
    if container.format.name not in _COMPARED:
        raise ReadersDifferError(f"its container, {container.format.name}, is not compared")
    if stream.width in _NO_WIDTHS:
        raise ReadersDifferError(f"decord cannot copy frames of the width {stream.width}")
    if rate <= 0:
        raise ReadersDifferError("it names no rate of frames")
    if not decodes and stream.frames:
        return SampledVideo(sampled_of(stream.frames, rate, recipe), stream.width, stream.height, rate)
    number, packets, sizes = 0, 0, set()
    for packet in container.demux(stream):
        packets += packet.size > 0
        for frame in packet.decode():
            if not number and orientation_of(frame) not in (None, 1):
                raise ReadersDifferError("a matrix turns it")
            number += 1
            sizes.add((frame.width, frame.height))
    if stream.frames not in (0, number):
        raise ReadersDifferError(f"it names {stream.frames:,} frames and has {number:,}")
    if packets != number:
        raise ReadersDifferError(f"it has {packets:,} packets and {number:,} frames")
    if len(sizes) != 1:
        raise ReadersDifferError(f"its frames have {len(sizes)} sizes")
    return SampledVideo(sampled_of(number, rate, recipe), *sizes.pop(), rate)
