"""Measures one image file: what it is, its size, and whether the trainer can load it. Judges nothing.

Truth: Pillow's open(), load() and convert("RGB"), which is what the trainer calls, with the same limits.
"""

from __future__ import annotations

import os
import stat
import warnings
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any, BinaryIO, Literal

from PIL import Image

from validator.media.jpeg_skeleton import certainly_loads
from validator.media.sniff import sniff

Depth = Literal["header", "fast", "full"]
_ORIENTATION = 0x0112
_BITS = {"1": 1, "I;16": 16, "I;16B": 16, "I;16L": 16, "I": 32, "F": 32}


@dataclass(frozen=True, slots=True)
class ImageProbe:
    """What was measured of one file. Sizes in pixels, `num_bytes` of the file.

    `fault` is None where the trainer can load the image (as far as the depth looked), otherwise a word for what is
    wrong; `exception` and `message` are the trainer's; `found` says in plain words what an unreadable file is.
    """

    num_bytes: int | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    mode: str | None = None
    bits: int | None = None
    frames: int | None = None
    orientation: int | None = None
    fault: str | None = None
    exception: str | None = None
    message: str | None = None
    found: str | None = None


@lru_cache(maxsize=16384)
def probe_image(path: str, depth: Depth) -> ImageProbe:
    """Probe an image file at a depth: `header` opens it, `full` loads and converts it as the trainer does, `fast`
    gives the verdict of `full` at the least cost known to be equivalent.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode) and not os.path.isdir(path):
            return ImageProbe(fault="special", exception="OSError", message="it is a pipe or a device, not a file")
        with open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's warnings are measured (size, EXIF), not printed
            num_bytes = os.fstat(file.fileno()).st_size
            return _probe(file, num_bytes, depth)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        return _unopened(error)


def probe_bytes(data: bytes, depth: Depth) -> ImageProbe:
    """Probe an image that is held in memory, as `probe_image` does a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _probe(BytesIO(data), len(data), depth)


def _probe(file: BinaryIO, num_bytes: int, depth: Depth) -> ImageProbe:
    measured: dict[str, Any] = {"num_bytes": num_bytes}
    try:
        image = Image.open(file)
    except Exception as error:  # Pillow's plugins raise nearly everything
        file.seek(0)
        head = file.read(512)
        return ImageProbe(num_bytes=num_bytes, **_fault(error, opened=False), found=sniff(head))
    measured.update(format=image.format, width=image.width, height=image.height, mode=image.mode, bits=_bits(image))
    try:
        if depth == "full" or (depth == "fast" and not _cheaply_fine(image, file)):
            image.load()
            image.convert("RGB")
    except Exception as error:
        measured.update(_fault(error, opened=True))
    measured.update(orientation=_orientation(image), frames=_frames(image))
    return ImageProbe(**measured)


def _cheaply_fine(image: Image.Image, file: BinaryIO) -> bool:
    if image.format != "JPEG":
        return False
    file.seek(0)
    return certainly_loads(file.read())


def _fault(error: Exception, *, opened: bool) -> dict[str, Any]:
    name, message = type(error).__name__, str(error)[:200]
    if isinstance(error, Image.DecompressionBombError):
        fault = "bomb"
    elif isinstance(error, MemoryError):
        fault = "memory"
    elif "truncated" in message.lower():
        fault = "truncated"
    elif not opened:
        fault = "unreadable"
    else:
        fault = "corrupt"
    return {"fault": fault, "exception": name, "message": message}


def _unopened(error: Exception) -> ImageProbe:
    kinds: dict[type[Exception], str] = {
        FileNotFoundError: "missing",
        IsADirectoryError: "folder",
        PermissionError: "forbidden",
    }
    fault = kinds.get(type(error), "missing")
    return ImageProbe(fault=fault, exception=type(error).__name__, message=str(error)[:200])


def _bits(image: Image.Image) -> int:
    """Bits per channel in the file: a 16-bit PNG in colour is opened as 8-bit RGB, its raw mode tells."""
    for tile in getattr(image, "tile", ()):
        if ";16" in str(tile[3]):
            return 16
    return _BITS.get(image.mode, 8)


def _orientation(image: Image.Image) -> int | None:
    try:
        value = image.getexif().get(_ORIENTATION)
    except Exception:  # damaged EXIF never stops the trainer
        return None
    return value if isinstance(value, int) else None


def _frames(image: Image.Image) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # later frames are damaged; the trainer only reads the first
        return 1
