"""Small pictures of the media of flagged samples, drawn by a child process: an image that crashes a decoder or hangs it
costs its own picture and nothing else.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from PIL import Image, ImageFile, ImageOps

from validator.child import Child
from validator.media.ffmpeg import open_video

AREA, SIDE = 52_000, 420
"""Pixels of a small picture, and of its longest side."""
PICTURE_BYTES = 1_400_000
"""Of all pictures; in the page they take a third more."""
QUALITY = 60
SECONDS, TOTAL_SECONDS = 10.0, 20.0
"""That one picture, and all together, may take."""
_DIRECT = 2_000_000
"""Pixels up to which an image goes through the trainer's own steps; larger ones go to the same shape at once, which
looks the same at this size."""
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "TGA", "ICO", "AVIF", "JPEG2000")


@dataclass(frozen=True, slots=True)
class Drawing:
    """One image, or the first frame of a `video`, to draw. `resize`: what the trainer does before the
    processor, where that is to be drawn. `size` is what the processor makes of it (width, height); None where the
    trainer stops at it. `turned`: the loader or the trainer turns it as its EXIF block says.
    """

    key: tuple[str, str, int, str, int]
    source: str | bytes
    video: bool
    size: tuple[int, int] | None
    resize: Callable[[Image.Image], Image.Image] | None
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """An image as a viewer shows it, and as the trainer feeds it; WebP files."""

    original: bytes
    fed: bytes | None = None


def draw(tasks: Sequence[Drawing], most_bytes: int) -> dict[tuple[str, str, int, str, int], Thumbnails]:
    """Draw as many as fit, in order. What cannot be drawn, or not in time, is absent."""
    found: dict[tuple[str, str, int, str, int], Thumbnails] = {}
    end = time.monotonic() + TOTAL_SECONDS
    left, place = most_bytes, 0
    while place < len(tasks) and left > 0 and time.monotonic() < end:
        for thumbnails in _drawn(tasks[place:], end):
            if thumbnails is not None:
                size = len(thumbnails.original) + len(thumbnails.fed or b"")
                if size <= left:
                    found[tasks[place].key] = thumbnails
                left -= size
            place += 1
            if left <= 0:
                break
        else:
            place += 1  # the process ended at this one
    return found


def _drawn(tasks: Sequence[Drawing], end: float) -> Iterator[Thumbnails | None]:
    """Results as one child yields them; ends early where it dies or hangs."""
    child = Child.of_function(_work)
    try:
        for task in tasks:
            yield child.ask(task, min(SECONDS, max(end - time.monotonic(), 0.0)))
    except (EOFError, TimeoutError):
        return
    finally:
        child.kill()
        child.end()


def _work(tasks: Connection) -> None:
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # here a picture of what is left is wanted
    Image.init()
    while True:
        try:
            task = tasks.recv()
        except EOFError:
            return
        try:
            result = draw_one(task)
        except Exception:  # Pillow's and FFmpeg's decoders raise nearly everything
            result = None
        tasks.send(result)


def draw_one(task: Drawing) -> Thumbnails:
    """Both views of one picture. Raises whatever its decoder raises."""
    if task.video:
        return _with_fed(_first_frame(task.source), task)
    source = io.BytesIO(task.source) if isinstance(task.source, bytes) else task.source
    with Image.open(source, formats=[name for name in _FORMATS if name in Image.OPEN]) as image:
        return _with_fed(image, task)


def _with_fed(image: Image.Image, task: Drawing) -> Thumbnails:
    large = image.width * image.height > _DIRECT
    if large:
        image.draft("RGB", (2 * SIDE, 2 * SIDE))
    view = _as_seen(image)
    original = _small(view, view.size)
    if task.size is None:
        return Thumbnails(original)
    fed: Any = ImageOps.exif_transpose(image) if task.turned else image
    fed = fed.convert("RGB") if large or task.resize is None else task.resize(fed)
    return Thumbnails(original, _small(fed, task.size))


def _as_seen(image: Image.Image) -> Image.Image:
    """As an image viewer would show it: turned, transparent where it is, deep greys brought into eight bits."""
    turned: Any = ImageOps.exif_transpose(image)
    if turned.mode in ("I", "I;16", "I;16B", "I;16L", "F"):
        deep = turned.convert("F")
        low, high = deep.getextrema()
        scale = 255.0 / max(float(high) - float(low), 1e-9)
        return deep.point(lambda value: value * scale - low * scale).convert("L")  # type: ignore[no-any-return]
    clear = turned.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in turned.info
    return turned.convert("RGBA" if clear else "RGB")  # type: ignore[no-any-return]


def _small(image: Image.Image, shape: tuple[int, int]) -> bytes:
    """A WebP of an image, brought to the proportions of `shape`."""
    width, height = shape
    scale = min(1.0, (AREA / (width * height)) ** 0.5, SIDE / max(width, height))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    if size != image.size:
        image = image.resize(size, reducing_gap=3.0)
    file = io.BytesIO()
    image.save(file, "WEBP", quality=QUALITY, method=2)
    return file.getvalue()


def _first_frame(source: str | bytes) -> Image.Image:
    with open_video(io.BytesIO(source) if isinstance(source, bytes) else source) as container:
        image: Image.Image = next(container.decode(video=0)).to_image()
        return image
