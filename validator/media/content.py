"""What the pixels of an image look like once the trainer has converted them, in words that rules look for."""

from __future__ import annotations

from PIL import Image

from validator.media.geometry import LARGE_PIXELS

_DEEP = ("I", "F")
_ALPHA = frozenset(("RGBA", "LA", "PA", "La", "RGBa"))


def demands_pixels(image: Image.Image) -> bool:
    """Whether the conversion to RGB may lose what an opened image shows: more than 8 bits, or an alpha channel."""
    if image.width * image.height > LARGE_PIXELS:
        return False
    return image.mode.startswith(_DEEP) or image.mode in _ALPHA or "transparency" in image.info


def content_of(image: Image.Image, converted: Image.Image) -> tuple[str, ...]:
    """Words for a loaded image and its conversion to RGB.

    `clipped`: values above 255 became 255. `alpha-lost`: the conversion has one colour and the alpha channel, which it
    drops, held the picture. `constant`: one colour, and nothing else was there.
    """
    found = []
    if image.mode.startswith(_DEEP) and _extremes(image)[0][1] > 255:
        found.append("clipped")
    if all(low == high for low, high in _extremes(converted)):
        found.append("alpha-lost" if _alpha_varies(image) else "constant")
    return tuple(found)


def _alpha_varies(image: Image.Image) -> bool:
    if image.mode not in _ALPHA and "transparency" not in image.info:
        return False
    low, high = image.convert("RGBA").getchannel("A").getextrema()
    return bool(low != high)


def _extremes(image: Image.Image) -> tuple[tuple[float, float], ...]:
    extremes = image.getextrema()
    return extremes if isinstance(extremes[0], tuple) else (extremes,)
