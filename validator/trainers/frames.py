"""Videos as transformers' own processors take them: their frames' sizes, and the times that Qwen3-VL is told.

Source: transformers 5.24 `video_processing_qwen2_vl.py`, `video_processing_qwen3_vl.py`, `processing_qwen3_vl.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from validator.media.geometry import MAX_RATIO, ImageLimits, smart_resize
from validator.media.video_recipe import VideoRecipe

if TYPE_CHECKING:
    from validator.facts.record import MediaFacts

EVERY = VideoRecipe(most=768, least=4, headers=False, sampler="every")
"""The processors of Qwen2-VL and Qwen2.5-VL sample no frames."""
OF_PROCESSOR = replace(EVERY, told=replace(EVERY, sampler="by-rate"))
"""Those of later models sample two a second."""
_PAIR = 2


@lru_cache(maxsize=4096)
def frame_grid(width: int, height: int, frames: int, limits: ImageLimits) -> tuple[int, int]:
    """Patches (rows, columns) of each frame of a video of a number of frames. Raises ValueError where the processor
    does.
    """
    if limits.apart:
        height, width = size_of_all(frames, height, width, limits)
    else:
        height, width = smart_resize(height, width, limits.factor, *limits.processor_video_pixels)
    return height // limits.patch_size, width // limits.patch_size


def size_of_all(frames: int, height: int, width: int, limits: ImageLimits) -> tuple[int, int]:
    """The size (height, width) of Qwen3-VL's frames, whose pixels are limited together. Raises ValueError where the
    processor does.
    """
    factor = limits.factor
    if height < factor or width < factor:
        scale = max(factor / height, factor / width)
        height, width = int(height * scale), int(width * scale)
    ratio = max(height, width) / min(height, width)
    if ratio > MAX_RATIO:
        raise ValueError(f"absolute aspect ratio must be smaller than 200, got {ratio}")
    least, most = limits.processor_video_pixels
    high, wide = round(height / factor) * factor, round(width / factor) * factor
    together = round(frames / _PAIR) * _PAIR * high * wide
    if together > most:
        beta = math.sqrt((frames * height * width) / most)
        high = max(factor, math.floor(height / beta / factor) * factor)
        wide = max(factor, math.floor(width / beta / factor) * factor)
    elif together < least:
        beta = math.sqrt(least / (frames * height * width))
        high, wide = (math.ceil(side * beta / factor) * factor for side in (height, width))
    return high, wide


def times_told(media: Sequence[MediaFacts]) -> list[tuple[str, ...]]:
    """What is written before each two frames of each video."""
    return [tuple(f"<{at:.1f} seconds>" for at in item.seconds) for item in media if item.kind == "video"]
