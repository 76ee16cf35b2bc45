"""ms-swift leaves resizing to qwen-vl-utils: its processor takes images and frames as they come."""

from __future__ import annotations

from functools import lru_cache

from validator.media.geometry import ImageLimits
from validator.trainers.qwen_vl_utils.resize import most_pixels, utils_resize


@lru_cache(maxsize=4096)
def image_grid(width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
    """Patches (rows, columns) of an image. Raises ValueError where the package does."""
    height, width = utils_resize(height, width, limits.factor, limits.min_pixels, limits.max_pixels)
    return height // limits.patch_size, width // limits.patch_size


@lru_cache(maxsize=4096)
def frame_grid(width: int, height: int, frames: int, limits: ImageLimits) -> tuple[int, int]:
    """Patches (rows, columns) of each frame of a video. Raises ValueError where the package does.

    Those of a list are images first, of which `fetch_video` has each token cover four times the pixels.
    """
    least, factor = limits.video_min_pixels, limits.factor
    if limits.listed:
        height, width = utils_resize(height, width, 2 * factor, 4 * limits.min_pixels, 4 * limits.max_pixels)
    most = most_pixels(frames, factor**2, least, limits.video_max_pixels)
    height, width = utils_resize(height, width, factor, least, most)
    return height // limits.patch_size, width // limits.patch_size


def whole_tokens(pixels: int, factor: int) -> int:
    """Pixels rounded down to those of whole tokens, as ms-swift counts them."""
    return pixels // factor**2 * factor**2
