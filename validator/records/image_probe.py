"""What was measured of one file of an image."""

from __future__ import annotations

from dataclasses import dataclass

from validator.records.arrow import Int32


@dataclass(slots=True, kw_only=True)
class ImageProbe:
    """What was measured of one file. Sizes in pixels, `num_bytes` of the file; `frames` are an animation's.

    `scans` are the walks over all pixels that a JPEG asks for; None for other formats and at the depth `header`.
    `fault` is None where the trainer can load the image (as far as the depth looked), `endless` where it is not known
    because loading takes too long, otherwise a word for what is wrong; `exception` and `message` are the trainer's;
    `found` says it in plain words: what an unreadable file is, or what is wrong with an image. `warnings` are Pillow's
    and libtiff's, without repetitions, at most eight of 200 characters. `advice` is what a second decoder says of an
    image that loads, where it was asked. `content` are words for the pixels (validator/media/content.py) where they
    were decoded: at the depth `full`, and where the cheap check left doubt or the conversion may lose what they show.
    """

    num_bytes: int | None = None
    format: str | None = None
    width: Int32 | None = None
    height: Int32 | None = None
    mode: str | None = None
    bits: Int32 | None = None
    frames: Int32 | None = None
    orientation: Int32 | None = None
    scans: Int32 | None = None
    fault: str | None = None
    exception: str | None = None
    message: str | None = None
    found: str | None = None
    warnings: tuple[str, ...] = ()
    advice: str | None = None
    content: tuple[str, ...] = ()
