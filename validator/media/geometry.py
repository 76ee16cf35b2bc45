"""From an image's size to its number of tokens, resize by resize, in the trainer's own arithmetic.

Sources: LLaMA-Factory 0.9.5 `mm_plugin.py` (`_preprocess_image` of the base and the Qwen2-VL plugin), then transformers
5.6 `image_processing_qwen2_vl.smart_resize`. Floating-point order matters: the expressions are kept as they are there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

MIN_SIDE = 28
MAX_RATIO = 200
SQUEEZED_RATIO = 180
LARGE_PIXELS = 89_478_485
"""Pillow's MAX_IMAGE_PIXELS: above it Pillow warns, above twice of it it refuses."""
SLOW_VISITS = 5 * 10**9
"""Scans x pixels of a JPEG, above which it takes seconds: the largest image below Pillow's warning with 56 scans."""


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """Pixel limits of the trainer (`max_pixels`, `min_pixels`; 0: it has none), the processor's patch geometry and
    limits, and the trainer's limits of a video's frames. `resizing` and `nearest` as in a trainer profile.
    """

    max_pixels: int
    min_pixels: int
    processor_min_pixels: int = 3136
    processor_max_pixels: int = 12845056
    patch_size: int = 14
    merge_size: int = 2
    video_max_pixels: int = 256 * 256
    video_min_pixels: int = 16 * 16
    resizing: str = "trainer"
    nearest: bool = False

    @property
    def factor(self) -> int:
        """Pixels along a side that one image token covers."""
        return self.patch_size * self.merge_size


@lru_cache(maxsize=4096)
def trainer_resize(width: int, height: int, max_pixels: int, min_pixels: int) -> tuple[int, int]:
    """The size (width, height) to which LLaMA-Factory resizes an image before the processor sees it.

    Raises ValueError with Pillow's message where a side becomes zero.
    """
    width, height = [(width, height), *limit_steps(width, height, max_pixels, min_pixels)][-1]
    return [(width, height), *side_steps(width, height)][-1]


def limit_steps(width: int, height: int, max_pixels: int, min_pixels: int) -> Iterator[tuple[int, int]]:
    """The sizes through which the trainer's pixel limits take an image, before it is converted to RGB.

    Raises ValueError with Pillow's message where a side becomes zero.
    """
    if width * height > max_pixels:
        width, height = _scale(width, height, max_pixels)
        yield width, height
    if width * height < min_pixels:
        yield _scale(width, height, min_pixels)


def side_steps(width: int, height: int) -> Iterator[tuple[int, int]]:
    """The sizes through which the Qwen2-VL plugin takes an image after its conversion: narrow sides, long shapes."""
    if min(width, height) < MIN_SIDE:
        width, height = max(width, MIN_SIDE), max(height, MIN_SIDE)
        yield width, height
    if width / height > MAX_RATIO:
        width = height * SQUEEZED_RATIO
        yield width, height
    if height / width > MAX_RATIO:
        height = width * SQUEEZED_RATIO
        yield width, height


def _scale(width: int, height: int, pixels: int) -> tuple[int, int]:
    factor = math.sqrt(pixels / (width * height))
    width, height = int(width * factor), int(height * factor)
    if width == 0 or height == 0:
        raise ValueError("height and width must be > 0")
    return width, height


def smart_resize(height: int, width: int, factor: int, min_pixels: int, max_pixels: int) -> tuple[int, int]:
    """The size (height, width) that the Qwen2-VL processor resizes to: multiples of `factor`, within its pixel limits.

    Raises ValueError above a ratio of 200.
    """
    ratio = max(height, width) / min(height, width)
    if ratio > MAX_RATIO:
        raise ValueError(f"absolute aspect ratio must be smaller than 200, got {ratio}")
    high, wide = round(height / factor) * factor, round(width / factor) * factor
    if high * wide > max_pixels:
        beta = math.sqrt((height * width) / max_pixels)
        high = max(factor, math.floor(height / beta / factor) * factor)
        wide = max(factor, math.floor(width / beta / factor) * factor)
    elif high * wide < min_pixels:
        beta = math.sqrt(min_pixels / (height * width))
        high = math.ceil(height * beta / factor) * factor
        wide = math.ceil(width * beta / factor) * factor
    return high, wide


def utils_resize(height: int, width: int, factor: int, min_pixels: int, max_pixels: int) -> tuple[int, int]:
    """The size (height, width) that qwen-vl-utils 0.0.14 resizes an image to.

    No side is rounded to nothing, but one may be scaled to nothing: ValueError, with Pillow's message. So above a ratio
    of 200.
    """
    ratio = max(height, width) / min(height, width)
    if ratio > MAX_RATIO:
        raise ValueError(f"absolute aspect ratio must be smaller than {MAX_RATIO}, got {ratio}")
    high, wide = (max(factor, round(side / factor) * factor) for side in (height, width))
    if high * wide > max_pixels:
        beta = math.sqrt((height * width) / max_pixels)
        high, wide = (math.floor(side / beta / factor) * factor for side in (height, width))
    elif high * wide < min_pixels:
        beta = math.sqrt(min_pixels / (height * width))
        high, wide = (math.ceil(side * beta / factor) * factor for side in (height, width))
    if high == 0 or wide == 0:
        raise ValueError("height and width must be > 0")
    return high, wide


def grid(width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
    """Patches (rows, columns) of an image of this size. Raises ValueError where the trainer does."""
    if limits.resizing in ("twice", "utils"):
        height, width = utils_resize(height, width, limits.factor, limits.min_pixels, limits.max_pixels)
        if limits.resizing == "utils":
            return height // limits.patch_size, width // limits.patch_size
    elif limits.resizing == "trainer":
        width, height = trainer_resize(width, height, limits.max_pixels, limits.min_pixels)
    size = smart_resize(height, width, limits.factor, limits.processor_min_pixels, limits.processor_max_pixels)
    return size[0] // limits.patch_size, size[1] // limits.patch_size


@lru_cache(maxsize=4096)
def num_tokens(width: int, height: int, limits: ImageLimits) -> int:
    """Image tokens (`<|image_pad|>`) of an image of this size. Raises ValueError where the trainer does."""
    rows, columns = grid(width, height, limits)
    return rows * columns // limits.merge_size**2
