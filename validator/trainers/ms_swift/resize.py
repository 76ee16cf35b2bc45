"""ms-swift leaves resizing to qwen-vl-utils: its processor takes images as they come."""

from __future__ import annotations

from functools import lru_cache

from validator.media.geometry import ImageLimits
from validator.trainers.qwen_vl_utils.resize import utils_resize


@lru_cache(maxsize=4096)
def image_grid(width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
    """Patches (rows, columns) of an image. Raises ValueError where the package does."""
    height, width = utils_resize(height, width, limits.factor, limits.min_pixels, limits.max_pixels)
    return height // limits.patch_size, width // limits.patch_size
