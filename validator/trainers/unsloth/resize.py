"""What unsloth does to an image before the processor: one within a message is rounded to whole tokens, and every image
wider than 512 pixels is narrowed to that, whatever its height.

Source: unsloth_zoo 2026.10.9 `vision_utils.py`, `fetch_image`, `fetch_video`, `_resize_images_inplace`.
"""

from __future__ import annotations

from functools import lru_cache

from validator.media.geometry import ImageLimits, processor_grid, smart_resize
from validator.trainers.frames import size_of_all
from validator.trainers.qwen_vl_utils.resize import most_pixels, utils_resize

WIDEST = 512
"""Pixels: what unsloth takes where a model's configuration names no image size, as those of Qwen2-VL do not."""
FEWEST, MOST = 4 * 28 * 28, 16384 * 28 * 28
"""Pixels of an image within a message."""
_TOKEN = 28 * 28
_FEWEST_OF_FRAME, _MOST_OF_FRAME = 128 * _TOKEN, 768 * _TOKEN
"""Pixels of a frame."""


def narrowed(width: int, height: int) -> tuple[int, int]:
    """The size of an image once it is no wider than WIDEST."""
    if width <= WIDEST:
        return width, height
    return WIDEST, max(1, (height * WIDEST + width // 2) // width)


@lru_cache(maxsize=4096)
def image_grid(width: int, height: int, limits: ImageLimits, narrows: bool) -> tuple[int, int]:
    """Patches (rows, columns) of an image. Raises ValueError where the processor does."""
    return processor_grid(*(narrowed(width, height) if narrows else (width, height)), limits)


@lru_cache(maxsize=4096)
def rounded(width: int, height: int, factor: int) -> tuple[int, int]:
    """The size (width, height) of an image within a message when it is loaded. Raises ValueError as unsloth does."""
    height, width = utils_resize(height, width, factor, FEWEST, MOST)
    return width, height


@lru_cache(maxsize=4096)
def frame_grid(width: int, height: int, frames: int, limits: ImageLimits) -> tuple[int, int]:
    """Patches (rows, columns) of each frame of a video, which is loaded as qwen-vl-utils loads it, whatever the model.
    Raises ValueError where unsloth or the processor does.
    """
    loaded = frames + frames % 2  # the processor may leave out one of an even number
    most = most_pixels(loaded, _TOKEN, _FEWEST_OF_FRAME, _MOST_OF_FRAME)
    height, width = utils_resize(height, width, limits.factor, _FEWEST_OF_FRAME, most)
    if limits.apart:
        height, width = size_of_all(frames, height, width, limits)
    else:
        height, width = smart_resize(height, width, limits.factor, *limits.processor_video_pixels)
    return height // limits.patch_size, width // limits.patch_size
