"""New image files of an export: turned copies, and images that stood in a row as text."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps

from validator.exporting.folder import Folder

_UNFIT = re.compile(r"[^\w.-]", re.ASCII)


class PictureFiles:
    """Writes images into a sub-folder of an export that holds nothing else, each content once. Paths are returned as a
    row must name them: relative to the export, or absolute where it is not the media folder.
    """

    def __init__(self, folder: Folder, place: str, *, absolute: bool) -> None:
        self._folder, self._place, self._absolute = folder, place, absolute
        self.turn = lru_cache(maxsize=4096)(self._turn)
        """See `_turn`; rows that share an image lie near each other."""

    def find(self, path: str) -> str | None:
        """The file that a row of the export means by a path, if it is one of ours."""
        name = os.path.normpath(path)
        if not path.startswith(f"{self._place}/") or os.path.dirname(name) != self._place:
            return None
        return str(self._folder.path / name) if self._folder.holds(name) else None

    def keep(self, data: bytes, kind: str) -> str:
        """A file with these bytes; `kind` is the second half of its media type."""
        name = f"{_digest(data)}.{kind if kind.isascii() and kind.isalnum() and len(kind) < 16 else 'bin'}"
        return self._named(name, lambda file: file.write(data))

    def _turn(self, source: str) -> str | None:
        """A copy, as PNG and so with the same pixels, of an image turned as its EXIF block says; None where it says
        nothing or the image cannot be read.
        """
        try:
            with Image.open(source) as image:
                if image.getexif().get(0x0112) not in range(2, 9):
                    return None
                upright = ImageOps.exif_transpose(image)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None
        upright.info.pop("exif", None)
        if upright.mode not in ("1", "L", "LA", "I;16", "P", "RGB", "RGBA"):
            upright = upright.convert("RGB")  # as the trainer does
        stem = _UNFIT.sub("_", Path(source).stem)[:60]
        name = f"{stem}.{_digest(os.fsencode(os.path.abspath(source)))}.png"
        return self._named(name, lambda file: upright.save(file, "PNG", exif=b""))

    def _named(self, name: str, write: Callable[[BinaryIO], object]) -> str:
        """Write a file unless it is there; its name is that of its content."""
        name = f"{self._place}/{name}"
        if not self._folder.holds(name):
            with self._folder.create(name) as file:
                write(file)
        return str((self._folder.path / name).absolute()) if self._absolute else name


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=12).hexdigest()
