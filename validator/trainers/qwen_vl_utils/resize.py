"""qwen-vl-utils resizes images before the processor sees them: the sizes, and the images themselves.

Source: qwen-vl-utils 0.0.14 `vision_process.py`.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from PIL import Image

from validator.media.geometry import MAX_RATIO, ImageLimits, processor_grid, smart_resize

_PACKAGE = "qwen-vl-utils"
_FACTOR = 28
_ALL_TOKENS, _FRAME_TOKENS = 128000, 768
"""Of a video, without MODEL_SEQ_LEN in the environment, and of a frame."""


@lru_cache(maxsize=4096)
def image_grid(width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
    """Patches (rows, columns) of an image. Raises ValueError where the package or the processor does."""
    height, width = utils_resize(height, width, limits.factor, limits.min_pixels, limits.max_pixels)
    return processor_grid(width, height, limits)


def utils_resize(height: int, width: int, factor: int, min_pixels: int, max_pixels: float) -> tuple[int, int]:
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


@lru_cache(maxsize=4096)
def frame_grid(width: int, height: int, frames: int, limits: ImageLimits) -> tuple[int, int]:
    """Patches (rows, columns) of each frame of a video. Raises ValueError where the package or the processor does."""
    height, width = frame_size(height, width, frames, limits)
    height, width = smart_resize(height, width, limits.factor, *limits.processor_video_pixels)
    return height // limits.patch_size, width // limits.patch_size


def frame_size(height: int, width: int, frames: int, limits: ImageLimits) -> tuple[int, int]:
    """The size (height, width) that `fetch_video` resizes each of some frames to: long videos have smaller ones."""
    token = limits.factor**2
    least = limits.video_min_pixels
    most = most_pixels(frames, token, least, _FRAME_TOKENS * token)
    return utils_resize(height, width, limits.factor, least, min(limits.video_max_pixels, most))


def most_pixels(frames: int, token: int, least: int, most: int) -> float:
    """The most pixels that `fetch_video` leaves to each of some frames, of which a `token` covers so many: never less
    than 1.05 times the `least`.
    """
    return max(min(most, _ALL_TOKENS * token * 0.9 / frames * 2), int(least * 1.05))


def fetch(image: Image.Image, max_pixels: int, min_pixels: int) -> Image.Image:
    """Convert and resize as qwen-vl-utils' `fetch_image` does: transparency becomes white, then its own size.

    Raises ValueError where a side becomes zero or the shape is too long, and whatever Pillow raises.
    """
    if image.mode == "RGBA":
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=image.split()[3])
        image = white
    else:
        image = image.convert("RGB")
    high, wide = utils_resize(image.height, image.width, _FACTOR, min_pixels, max_pixels)
    return image.resize((wide, high))


def resize(image: Image.Image, limits: ImageLimits) -> Image.Image:
    """By the package itself where it is installed, else by `fetch`. Raises what they raise."""
    real = _fetch_image()
    if real is None:
        return fetch(image, limits.max_pixels, limits.min_pixels)
    return real({"image": image, "min_pixels": limits.min_pixels, "max_pixels": limits.max_pixels})  # type: ignore[no-any-return]


def who_resizes() -> str:
    """What resizes images here, named with its version."""
    if _fetch_image() is not None:
        return f", images by {_PACKAGE} {version(_PACKAGE)}"
    return f", images as {_PACKAGE} 0.0.14 has them (it cannot be imported here)"


@cache
def _fetch_image() -> Any:
    """qwen-vl-utils' own function; None where it, or the torchvision that it rests on, cannot be imported."""
    try:
        version(_PACKAGE)
        from qwen_vl_utils import fetch_image
    except (PackageNotFoundError, ImportError, RuntimeError):  # a CPU torch beside a CUDA torchvision: RuntimeError
        return None
    return fetch_image
