"""Resizes an opened image as the trainer does. Source: LLaMA-Factory 0.9.5 `mm_plugin.py` (`_preprocess_image`)."""

from __future__ import annotations

from PIL import Image

from validator.media.geometry import limit_steps, side_steps


def regularize(image: Image.Image, max_pixels: int, min_pixels: int) -> Image.Image:
    """Resize and convert as the trainer does: its pixel limits, RGB, then the plugin's sides.

    Raises ValueError where a side becomes zero, and whatever Pillow raises on an image that cannot be loaded.
    """
    for size in limit_steps(image.width, image.height, max_pixels, min_pixels):
        image = image.resize(size)
    if image.mode != "RGB":
        image = image.convert("RGB")
    for size in side_steps(image.width, image.height):
        image = image.resize(size)
    return image
