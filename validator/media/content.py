"""What the pixels of an image look like once the trainer has converted them, in words that rules look for."""

from __future__ import annotations

from collections.abc import Iterator

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
    drops, held the picture. `constant`: one colour, and nothing else was there. No word where Pillow cannot tell.
    """
    try:
        return tuple(_words(image, converted))
    except Exception:  # of an image that loads: a palette that is too short, say
        return ()


def _words(image: Image.Image, converted: Image.Image) -> Iterator[str]:
    if image.mode.startswith(_DEEP) and _extremes(image)[0][1] > 255:
        yield "clipped"
    if _has_one_colour(converted):
        yield "alpha-lost" if _alpha_varies(image) else "constant"


def _has_one_colour(image: Image.Image) -> bool:
    """Most images show already in their middle row or column that they have more."""
    wide, high = image.size
    parts = (0, high // 2, wide, high // 2 + 1), (wide // 2, 0, wide // 2 + 1, high), None
    return all(least == most for box in parts for least, most in _extremes(image if box is None else image.crop(box)))


def _alpha_varies(image: Image.Image) -> bool:
    if image.mode not in _ALPHA and "transparency" not in image.info:
        return False
    low, high = image.convert("RGBA").getchannel("A").getextrema()
    return bool(low != high)


def _extremes(image: Image.Image) -> tuple[tuple[float, float], ...]:
    if image.mode in ("I;16B", "I;16L", "I;16N"):  # which Pillow has no extremes of
        image = image.convert("I")
    extremes = image.getextrema()
    return extremes if isinstance(extremes[0], tuple) else (extremes,)
