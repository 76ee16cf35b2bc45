"""From an image's size to its patches, in the processor's own arithmetic; what a trainer does before stands with it.

Source: transformers 5.6 `image_processing_qwen2_vl.smart_resize`. Floating-point order matters: the
expressions are kept as they are there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MAX_RATIO = 200
LARGE_PIXELS = 89_478_485
"""Pillow's MAX_IMAGE_PIXELS: above it Pillow warns, above twice of it it refuses."""
SLOW_VISITS = 5 * 10**9
"""Scans x pixels of a JPEG, above which it takes seconds: the largest image below Pillow's warning with 56 scans."""


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """Pixel limits of the trainer (`max_pixels`, `min_pixels`; 0: it has none), the processor's patch geometry and
    limits, and the trainer's limits of a video's frames. `processor_video_pixels`: the processor's limits of a frame
    (least, most); where each two frames stand `apart`, between vision markers of their own, of all frames of a video
    together. `listed`: of a video that is given as a list of images.
    """

    max_pixels: int
    min_pixels: int
    processor_min_pixels: int = 3136
    processor_max_pixels: int = 12845056
    patch_size: int = 14
    merge_size: int = 2
    video_max_pixels: int = 256 * 256
    video_min_pixels: int = 16 * 16
    processor_video_pixels: tuple[int, int] = (3136, 12845056)
    apart: bool = False
    listed: bool = False

    @property
    def factor(self) -> int:
        """Pixels along a side that one image token covers."""
        return self.patch_size * self.merge_size


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


def smart_resize_frames(frames: int, height: int, width: int, factor: int, limits: tuple[int, int]) -> tuple[int, int]:
    """The size (height, width) that the Qwen3-VL processor resizes an even number of frames to: multiples of `factor`,
    with pixels in all of them within its `limits` (least, most).

    Raises ValueError where a side is below `factor`, and above a ratio of 200. Source: transformers 5.6.0
    `video_processing_qwen3_vl.smart_resize`.
    """
    if height < factor or width < factor:
        raise ValueError(f"height:{height} or width:{width} must be larger than factor:{factor}")
    ratio = max(height, width) / min(height, width)
    if ratio > MAX_RATIO:
        raise ValueError(f"absolute aspect ratio must be smaller than 200, got {ratio}")
    least, most = limits
    high, wide = round(height / factor) * factor, round(width / factor) * factor
    if frames * high * wide > most:
        beta = math.sqrt((frames * height * width) / most)
        high = max(factor, math.floor(height / beta / factor) * factor)
        wide = max(factor, math.floor(width / beta / factor) * factor)
    elif frames * high * wide < least:
        beta = math.sqrt(least / (frames * height * width))
        high = math.ceil(height * beta / factor) * factor
        wide = math.ceil(width * beta / factor) * factor
    return high, wide


def processor_grid(width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
    """Patches (rows, columns) that the processor makes of an image of this size. Raises ValueError where it does."""
    size = smart_resize(height, width, limits.factor, limits.processor_min_pixels, limits.processor_max_pixels)
    return size[0] // limits.patch_size, size[1] // limits.patch_size
