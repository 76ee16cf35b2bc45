"""One file's verdict: Pillow's own, and those of `fast` and `full`."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from tests.integrity import corpus
from tests.integrity.written import SUFFIX
from validator.media.integrity import examine
from validator.media.probe import probe_image
from validator.records.image_probe import ImageProbe
from validator.storage.media_files import MediaFiles

MAX_PIXELS = 30_000_000
"""Files that claim more (and are no bombs) are left out here: three loads of each would take gigabytes."""


@dataclass(frozen=True)
class Verdict:
    """`truth` is the exception of Pillow's own calls, None where there is none; `cheap`: load() was spared."""

    truth: str | None
    fast: ImageProbe
    full: ImageProbe
    cheap: bool

    @property
    def equal(self) -> bool:
        same = self.fast.exception == self.full.exception == self.truth
        fast = replace(self.fast, content=self.full.content)  # fast need not decode
        return same and (self.fast.fault is None) == (self.truth is None) and fast == self.full


def truth(path: Path) -> str | None:
    """The exception of the trainer's own calls, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(str(path)) as image:
                image.load()
                image.convert("RGB")
        except Exception as error:
            return type(error).__name__
    return None


def judge(file: corpus.Image, folder: Path) -> Verdict | None:
    """Write the file, probe it, remove it. None for files that claim too many pixels."""
    path = folder / f"image.{SUFFIX.get(file.format, file.format.lower())}"
    path.write_bytes(file.data)
    try:
        if _too_large(path):
            return None
        files = MediaFiles("")
        fast, full = probe_image(str(path), "fast", files), probe_image(str(path), "full", files)
        return Verdict(truth(path), fast, full, _cheap(path))
    finally:
        path.unlink()


def _too_large(path: Path) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(str(path)) as image:
                return image.width * image.height > MAX_PIXELS
        except Exception:
            return False


def _cheap(path: Path) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(str(path)) as image:
                return examine(image, str(path))[0]
        except Exception:
            return False
