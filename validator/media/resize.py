"""Resizes an opened image as the trainer does before its processor sees it.

Sources: LLaMA-Factory 0.9.5 `mm_plugin.py` (`_preprocess_image`), qwen-vl-utils 0.0.14 `vision_process.py`.
"""

from __future__ import annotations

from PIL import Image

from validator.media.geometry import MIN_SIDE, limit_steps, side_steps, utils_resize


def regularize(image: Image.Image, max_pixels: int, min_pixels: int, *, nearest: bool = False) -> Image.Image:
    """Resize and convert as LLaMA-Factory does: its pixel limits, RGB, then the plugin's sides.

    `nearest`: by the nearest pixel, as 0.9.1 does, not by Pillow's default for the image's mode. Raises ValueError
    where a side becomes zero, and whatever Pillow raises on an image that cannot be loaded.
    """
    resample = Image.Resampling.NEAREST if nearest else None
    for size in limit_steps(image.width, image.height, max_pixels, min_pixels):
        image = image.resize(size, resample)
    if image.mode != "RGB":
        image = image.convert("RGB")
    for size in side_steps(image.width, image.height):
        image = image.resize(size, resample)
    return image


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
    high, wide = utils_resize(image.height, image.width, MIN_SIDE, min_pixels, max_pixels)
    return image.resize((wide, high))
