"""New image files of an export: turned copies, and images that stood in a row as text."""

from __future__ import annotations

import os
from pathlib import Path

import xxhash
from PIL import Image, ImageOps

FOLDER = "fixed"


class Pictures:
    """Writes images below `target`/fixed, each content once. Paths are returned as a row must name them: relative to
    the export, or absolute where it is not the media folder.
    """

    def __init__(self, target: Path, *, absolute: bool) -> None:
        self._target, self._absolute = target, absolute
        self._turned: dict[str, str | None] = {}

    def turn(self, source: str) -> str | None:
        """A copy, as PNG and so with the same pixels, of an image turned as its EXIF block says; None where it says
        nothing or the image cannot be read.
        """
        if source not in self._turned:
            self._turned[source] = self._turn(source)
        return self._turned[source]

    def keep(self, data: bytes, kind: str) -> str:
        """A file with these bytes; `kind` is the second half of its media type."""
        name = f"{xxhash.xxh3_64_hexdigest(data)}.{kind if kind.isascii() and kind.isalnum() else 'bin'}"
        path = self._target / FOLDER / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return self._named(name)

    def _turn(self, source: str) -> str | None:
        try:
            with Image.open(source) as image:
                if image.getexif().get(0x0112) not in range(2, 9):
                    return None
                upright = ImageOps.exif_transpose(image)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None
        upright.info.pop("exif", None)
        name = f"{Path(source).stem[:60]}.{xxhash.xxh3_64_hexdigest(os.fsencode(os.path.abspath(source)))[:8]}.png"
        path = self._target / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if upright.mode not in ("1", "L", "LA", "I;16", "P", "RGB", "RGBA"):
            upright = upright.convert("RGB")  # as the trainer does
        upright.save(path, exif=b"")
        return self._named(name)

    def _named(self, name: str) -> str:
        path = self._target / FOLDER / name
        return str(path.absolute()) if self._absolute else f"{FOLDER}/{name}"
