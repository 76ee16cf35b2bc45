"""Measures one image file: what it is, its size, and whether the trainer can load it. Judges nothing.

Truth: Pillow's open(), load() and convert("RGB"), which is what the trainer calls, with the same limits.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import warnings
from dataclasses import replace
from io import BufferedReader, BytesIO, FileIO
from typing import Any, BinaryIO, Literal

from PIL import Image, ImageFile, UnidentifiedImageError, WebPImagePlugin

from validator.descriptors import read_at
from validator.media.content import content_of, demands_pixels
from validator.media.faults import fault_of, plain_words
from validator.media.geometry import LARGE_PIXELS
from validator.media.integrity import JPEGS, MAX_JPEG_BYTES, examine, reader_of
from validator.media.jpeg_headers import Headers, is_whole
from validator.media.native_stderr import caught_stderr
from validator.media.sniff import sniff
from validator.records.image_probe import ImageProbe
from validator.storage.fetched import Want
from validator.storage.identity import Identity
from validator.storage.media_files import MediaContent, MediaFiles

Depth = Literal["header", "fast", "full"]
_ORIENTATION = 0x0112
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Where an object lies in memory, which Pillow prints for images that are no files: it differs from run to run."""
_BITS = {"1": 1, "I;16": 16, "I;16B": 16, "I;16L": 16, "I": 32, "F": 32}
_MAX_WARNINGS = 8
_HEAD = 1 << 16
"""Bytes of an image in storage that are asked for where its header is read: more are, where they do not suffice."""
_NEVER_MAPPED = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8")
"""What formats begin with that Pillow reads from memory as it does by their path; others it may map, in other words."""
MAX_VISITS = 10**11
"""Scans x pixels of a JPEG that is loaded here: half a minute. libjpeg has no limit, 2 MB can ask for hours."""
assert WebPImagePlugin  # else the first WebP has Pillow import its forty other formats, twenty times as long
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else Pillow's errors go to stderr


def probe_image(path: str, depth: Depth, files: MediaFiles) -> ImageProbe:
    """Probe an image file at a depth: `header` opens it, `full` loads and converts it as the trainer does, `fast`
    gives the verdict of `full` at the least cost known to be equivalent.

    Images above LARGE_PIXELS are loaded as the trainer does, but only one of their pixels is converted. Raises
    ChangedDataError where the file changes while it is read.
    """
    return files.read_unchanged(
        path, lambda medium: _probe_medium(medium, depth), want=wanted(depth), known_as=known_as(depth)
    )


def wanted(depth: Depth) -> Want:
    """What is asked of an image in storage: of its header the bytes that nearly always suffice."""
    return Want(0, _HEAD) if depth == "header" else Want()


def known_as(depth: Depth) -> str:
    """The name under which a probe is remembered, behind the path."""
    return f"\0image {depth}"


def _probe_medium(medium: MediaContent, depth: Depth) -> ImageProbe:
    identity = medium.identity
    if identity.kind == "absent":
        return _absent(medium.path)
    if identity.kind == "special":
        return ImageProbe(fault="special", exception="OSError", message="it is a pipe or a device, not a file")
    whole = medium.whole
    if whole is not None and (medium.is_remote or whole.startswith(_NEVER_MAPPED)):
        return _probe_source(medium, whole, whole, depth)
    if medium.data is not None and depth == "header":
        return _probe_ranged(medium, medium.data)
    return _probe_opened(medium, depth)


def _absent(path: str) -> ImageProbe:
    """What the trainer is told where nothing can be opened."""
    try:
        os.stat(path)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        return _unopened(error)
    return _unopened(FileNotFoundError(2, "No such file or directory", path))


def _probe_opened(medium: MediaContent, depth: Depth) -> ImageProbe:
    medium.apart = True
    try:
        if depth == "header":
            with open(medium.path, "rb") as buffered:
                return _probe_source(medium, buffered, buffered.peek(), depth)
        with open(medium.path, "rb", buffering=0) as file:
            source = _source(medium.path, file, medium.identity)
        return _probe_source(medium, source, source if isinstance(source, bytes) else b"", depth)
    except (OSError, ValueError) as error:
        return _unopened(error)


def _probe_ranged(medium: MediaContent, head: bytes) -> ImageProbe:
    """The header of an image of which the first bytes are there."""
    file = medium.ranged()
    probe = _probe_source(medium, BufferedReader(file), head, "header")
    if file.failure is not None:  # Pillow takes it for a fault of the image
        raise file.failure
    return probe


def _probe_source(medium: MediaContent, source: str | bytes | BinaryIO, head: bytes, depth: Depth) -> ImageProbe:
    """The probe of an opened file that begins with `head`, by what is known of such headers where anything is."""
    num_bytes = medium.identity.size
    if (known := _recalled(head, num_bytes, depth)) is not None:
        return known
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        probe, certain = _probe(source, num_bytes, depth)
        if probe.format == "JPEG" and not caught:
            _learn(head, probe, depth, certain)
        if probe.format is None and source is not medium.path and not medium.is_remote:  # for the trainer's own words
            medium.apart = True
            probe, _ = _probe(medium.path, num_bytes, depth)
    return _with_warnings(probe, caught)


HEADERS: dict[Depth, Headers] = {"header": Headers(), "fast": Headers()}
"""Headers of JPEGs that were met before, at the depths at which they say all."""


def _recalled(head: bytes, num_bytes: int, depth: Depth) -> ImageProbe | None:
    """The probe of a JPEG whose header was met before; at `fast` only if the file certainly loads."""
    headers = HEADERS.get(depth)
    known = headers.recall(head) if headers else None
    if known is None or (depth == "fast" and not is_whole(head, known[0])):
        return None
    header, wide, high = known
    mode, bits, frames, orientation = header.opened
    return ImageProbe(
        num_bytes=num_bytes,
        format="JPEG",
        width=wide,
        height=high,
        mode=mode,
        bits=bits,
        frames=frames,
        orientation=orientation,
        scans=None if depth == "header" else 1,
    )


def _learn(head: bytes, probe: ImageProbe, depth: Depth, certain: bool) -> None:
    if depth in HEADERS:
        size = (probe.width or 0, probe.height or 0)
        opened = (probe.mode, probe.bits, probe.frames, probe.orientation)
        HEADERS[depth].learn(head, size, opened, loads=certain and probe.scans == 1)


def _source(path: str, file: FileIO, identity: Identity) -> str | bytes:
    """What Pillow opens to load it: the path, as in the trainer, because Pillow maps some formats then; the bytes of a
    JPEG, which it never maps.
    """
    if identity.size > MAX_JPEG_BYTES or read_at(file.fileno(), 3, 0) != b"\xff\xd8\xff":
        return path
    return file.readall()


def probe_bytes(data: bytes, depth: Depth) -> ImageProbe:
    """Probe an image that is held in memory, as `probe_image` does a file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        probe, _ = _probe(data, len(data), depth)
    return _with_warnings(probe, caught)


def _with_warnings(probe: ImageProbe, caught: list[warnings.WarningMessage]) -> ImageProbe:
    if not caught:
        return probe
    said = dict.fromkeys(str(warning.message)[:200] for warning in caught)
    return replace(probe, warnings=tuple(said)[:_MAX_WARNINGS])


def _probe(source: str | bytes | BinaryIO, num_bytes: int, depth: Depth) -> tuple[ImageProbe, bool]:
    """The probe, and whether the cheap check was certain."""
    try:
        # by path, as the trainer: Pillow maps such files and closes them itself
        image = Image.open(BytesIO(source) if isinstance(source, bytes) else source)
    except Exception as error:  # Pillow's plugins raise nearly everything
        return ImageProbe(num_bytes=num_bytes, **_fault(error, opened=False), found=_what(error, _head(source))), False
    with image:
        size, mode, bits = image.size, image.mode, _bits(image)
        scans: int | None = None
        loaded: dict[str, Any] = {}
        certain = False
        if depth != "header":
            assert isinstance(source, str | bytes)
            if image.format in JPEGS or (depth == "fast" and not demands_pixels(image)):
                certain, scans = examine(image, source)  # after it, load() of other formats may see something else
            loaded = _load(image, depth, certain, (scans or 0) * image.width * image.height)
        probe = ImageProbe(
            num_bytes=num_bytes,
            format=image.format,
            width=size[0],
            height=size[1],
            mode=mode,
            bits=bits,
            frames=_frames(image),
            orientation=_orientation(image),
            scans=scans,
            **loaded,
        )
        return probe, certain


def _head(source: str | bytes | BinaryIO) -> bytes:
    if not isinstance(source, str | bytes):
        source.seek(0)
        return source.read(512)
    with reader_of(source) as file:
        return file.read(512)


def _what(error: Exception, head: bytes) -> str:
    """What a file is that Pillow does not open, and why, where Pillow knew its format."""
    kind = sniff(head)
    return kind if isinstance(error, UnidentifiedImageError) else f"{kind}: {plain_words(error)}"


def _load(image: ImageFile.ImageFile, depth: Depth, certain: bool, visits: int) -> dict[str, Any]:
    """What is wrong with an opened image, or its content where it is loaded. `certain`: the cheap check says that it
    loads; `visits` are its scans x pixels.
    """
    if certain and (depth == "fast" or visits > MAX_VISITS):
        return {}
    if visits > MAX_VISITS:
        return {"fault": "endless", "message": f"its scans visit {visits / 1e9:,.0f} billion pixels"}
    try:
        converted = _load_and_convert(image)
    except Exception as error:
        return {**_fault(error, opened=True), "found": plain_words(error)}
    return {} if converted is None else {"content": content_of(image, converted)}


def _load_and_convert(image: ImageFile.ImageFile) -> Image.Image | None:
    """The trainer's calls, and what they make. A second copy of a very large image is spared (None): conversion
    depends on mode and palette.
    """
    if image.format == "TIFF":
        try:
            with caught_stderr() as lines:
                image.load()
        finally:
            for line in lines:
                warnings.warn(line, stacklevel=1)
    else:
        image.load()
    if image.width * image.height <= LARGE_PIXELS:
        return image.convert("RGB")
    image.crop((0, 0, 1, 1)).convert("RGB")
    return None


def _fault(error: Exception, *, opened: bool) -> dict[str, Any]:
    return {
        "fault": fault_of(error, opened=opened),
        "exception": type(error).__name__,
        "message": _ADDRESS.sub("", str(error))[:200],
    }


def _unopened(error: Exception) -> ImageProbe:
    kinds: dict[type[Exception], str] = {IsADirectoryError: "folder", PermissionError: "forbidden"}
    there = isinstance(error, OSError) and error.errno == errno.EIO
    fault = kinds.get(type(error), "disk" if there else "missing")
    return ImageProbe(fault=fault, exception=type(error).__name__, message=str(error)[:200])


def _bits(image: Image.Image) -> int:
    """Bits per channel in the file: a 16-bit PNG in colour is opened as 8-bit RGB, its raw mode tells."""
    for tile in getattr(image, "tile", ()):
        if ";16" in str(tile[3]):
            return 16
    return _BITS.get(image.mode, 8)


def _orientation(image: ImageFile.ImageFile) -> int | None:
    """The EXIF orientation that the trainer ignores. Of TIFF images none: Pillow turns them itself."""
    if image.format == "TIFF":
        return None
    try:
        value = Image.Image.getexif(image).get(_ORIENTATION)  # the PNG plugin's own would load the image
    except Exception:  # damaged EXIF never stops the trainer
        return None
    return value if isinstance(value, int) and 0 <= value <= 0xFFFF else None


def _frames(image: ImageFile.ImageFile) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # later frames are damaged; the trainer only reads the first
        return 1
