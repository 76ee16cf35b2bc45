"""What the pixels of an image look like once the trainer has converted them, in words that rules look for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PIL import Image

from validator.media.geometry import LARGE_PIXELS

_DEEP = ("I", "F")
_ALPHA = frozenset(("RGBA", "LA", "PA", "La", "RGBa"))
BLACK = 16
"""Below it all values of 255 look black."""
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0


def demands_pixels(image: Image.Image) -> bool:
    """Whether the conversion to RGB may lose what an opened image shows: more than 8 bits, or an alpha channel."""
    if image.width * image.height > LARGE_PIXELS:
        return False
    return image.mode.startswith(_DEEP) or _has_alpha(image)


def content_of(image: Image.Image, converted: Image.Image) -> tuple[str, ...]:
    """Words for a loaded image and its conversion to RGB.

    `clipped`: values above 255 became 255. `darkened`: values that differ became equal or stayed below BLACK, where
    viewers scale them. `negative`: black and white are exchanged. `alpha-lost`: the conversion has one colour and the
    alpha channel, which it drops, held the picture. `lost-on-white`: the image has one colour where it is put on white,
    and held a picture. `constant`: one colour, and nothing else was there. No word where Pillow cannot tell.
    """
    try:
        return tuple(_words(image, converted))
    except Exception:  # of an image that loads: a palette that is too short, say
        return ()


def _words(image: Image.Image, converted: Image.Image) -> Iterator[str]:
    if image.mode.startswith(_DEEP):
        least, most = _extremes(image)[0]
        if most > 255:
            yield "clipped"
        elif least != most and _extremes(converted)[0][1] < (BLACK if image.mode == "F" else 1):
            yield "darkened"
            return
        if _is_negative(image):
            yield "negative"
    one = _has_one_colour(converted)
    if not _has_alpha(image):
        if one:
            yield "constant"
        return
    low, high = image.convert("RGBA").getchannel("A").getextrema()
    if one:
        yield "constant" if low == high else "alpha-lost"
    if (low != high or not one) and _has_one_colour(image, _on_white):
        yield "lost-on-white"


def _is_negative(image: Image.Image) -> bool:
    """Whether its file calls zero white: Pillow exchanges black and white of such a TIFF up to 8 bits only."""
    tags = getattr(image, "tag_v2", {})
    return tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def _has_one_colour(image: Image.Image, seen: Callable[[Image.Image], Image.Image] = lambda part: part) -> bool:
    """Most images show already in their middle row or column that they have more."""
    wide, high = image.size
    parts = (0, high // 2, wide, high // 2 + 1), (wide // 2, 0, wide // 2 + 1, high), (0, 0, wide, high)
    return all(least == most for box in parts for least, most in _extremes(seen(image.crop(box))))


def _on_white(image: Image.Image) -> Image.Image:
    """As transformers 5.24 and, of the mode RGBA alone, qwen-vl-utils 0.0.14 do."""
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in _ALPHA or "transparency" in image.info


def _extremes(image: Image.Image) -> tuple[tuple[float, float], ...]:
    if image.mode in ("I;16B", "I;16L", "I;16N"):  # which Pillow has no extremes of
        image = image.convert("I")
    extremes = image.getextrema()
    return extremes if isinstance(extremes[0], tuple) else (extremes,)
