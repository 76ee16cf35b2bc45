"""LLaMA-Factory resizes images before the processor sees them: the sizes, and the images themselves.

Source: LLaMA-Factory 0.9.5 `mm_plugin.py` (`_preprocess_image` of the base and the Qwen2-VL plugin). Floating-point
order matters: the expressions are kept as they are there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

from PIL import Image

from validator.media.geometry import MAX_RATIO, ImageLimits, processor_grid

MIN_SIDE = 28
SQUEEZED_RATIO = 180


@lru_cache(maxsize=4096)
def image_grid(width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
    """Patches (rows, columns) of an image. Raises ValueError where the trainer or the processor does."""
    width, height = trainer_resize(width, height, limits.max_pixels, limits.min_pixels)
    return processor_grid(width, height, limits)


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


def regularize(
    image: Image.Image, max_pixels: int, min_pixels: int, *, resample: Image.Resampling | None = None
) -> Image.Image:
    """Resize and convert as LLaMA-Factory does: its pixel limits, RGB, then the plugin's sides.

    `resample`: None is Pillow's default for the image's mode. Raises ValueError
    where a side becomes zero, and whatever Pillow raises on an image that cannot be loaded.
    """
    for size in limit_steps(image.width, image.height, max_pixels, min_pixels):
        image = image.resize(size, resample)
    if image.mode != "RGB":
        image = image.convert("RGB")
    for size in side_steps(image.width, image.height):
        image = image.resize(size, resample)
    return image
