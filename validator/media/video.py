"""Measures one video: which frames the trainer samples, their size, and whether header and decoding agree.

Source: LLaMA-Factory 0.9.5 `mm_plugin.py`. Preprocessing counts tokens from the container's header where that names a
duration and a frame rate, and decodes otherwise; the collator decodes every video again. A header that promises other
frames than decoding yields passes preprocessing and stops training at that batch.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, BinaryIO

from validator.media.ffmpeg import begins_playlist, open_video
from validator.media.playing import orientation_of, seconds_shown
from validator.media.probe import Depth, probe_image
from validator.media.sniff import sniff
from validator.media.video_recipe import VideoRecipe
from validator.media.whole_stream import read_stream, sampled_at
from validator.media.whole_video import OTHERWISE, TooShortError, sampled, sampled_again
from validator.records.image_probe import ImageProbe
from validator.storage.fetched import NOTHING, Want
from validator.storage.identity import Identity
from validator.storage.media_files import MediaContent, MediaFiles

LISTED = "frames"
"""The format of a video that is given as a list of images."""
SIZES_UNSURE = "frame-sizes-unsure"
"""The fault of a list of which it is not known whether its frames are resized to one size."""
_MOST_AT_ONCE = 64 << 20
"""Bytes of a video in storage that is fetched whole; a larger one is read in blocks."""
_FETCHING = re.compile(r"(?!file:|crypto:|data:)(subfile(?=,)|[a-zA-Z0-9+.-]{1,64}(?=:))")
"""The name of another protocol. FFmpeg says `Invalid argument` of one that it knows, and of others `not found`."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames of `width` x `height` pixels; an even number, but where every frame counts."""

    number: int
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.number} frames of {self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class VideoProbe:
    """What was measured of one video: the frames that its header promises and those that decoding yields.

    `header` is None where the trainer would not trust it; `decoded` is None where decoding failed (`fault`, `exception`
    and `message` say how) or was not tried. `orientation` is the number by which EXIF would turn what a display matrix
    turns. `shown`: of a video of which the first frames alone are sampled, its number of frames and, where frames have
    times or a rate, the seconds that are shown and its length in seconds. `seconds`: for each pair of sampled frames,
    the middle of their times, as Qwen3-VL is told.
    """

    num_bytes: int | None = None
    format: str | None = None
    header: Frames | None = None
    decoded: Frames | None = None
    fault: str | None = None
    exception: str | None = None
    message: str | None = None
    found: str | None = None
    orientation: int | None = None
    shown: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class FedVideo:
    """What preprocessing takes a video for. A `fault` in `LATER` is met in training, any other stops preprocessing."""

    frames: Frames | None
    fault: str | None = None
    exception: str | None = None
    message: str | None = None


LATER = frozenset(("header-mismatch", "decode-fails-later"))


def settle(probes: Sequence[VideoProbe]) -> list[FedVideo]:
    """What preprocessing makes of the videos of one row: it trusts the headers if all of them can be trusted, and
    decodes all of them otherwise.
    """
    if all(probe.header is not None for probe in probes):
        return [_trusted(probe) for probe in probes]
    return [FedVideo(probe.decoded, probe.fault, probe.exception, probe.message) for probe in probes]


def _trusted(probe: VideoProbe) -> FedVideo:
    if probe.fault is not None:
        message = f"{probe.exception}: {probe.message}"
        return FedVideo(probe.header, "decode-fails-later", probe.exception, message)
    if probe.decoded is not None and probe.decoded != probe.header:
        message = f"the header promises {probe.header}, decoding yields {probe.decoded}"
        return FedVideo(probe.header, "header-mismatch", None, message)
    return FedVideo(probe.header)


def probe_video(path: str, depth: Depth, files: MediaFiles, recipe: VideoRecipe) -> VideoProbe:
    """Probe a video file. `header` trusts the header where preprocessing does; `fast` and `full` decode as well.

    Raises ChangedDataError where the file changes while it is read.
    """
    return files.read_unchanged(
        path, lambda medium: _probe_medium(medium, depth, recipe), want=wanted(depth), known_as=known_as(depth, recipe)
    )


def with_frames(probe: VideoProbe, number: int) -> VideoProbe:
    """A video of which the row names the frames that are fed, so many; without a time for each pair."""
    if probe.decoded is None:
        return probe
    return replace(probe, decoded=replace(probe.decoded, number=_even(number)), seconds=())


def wanted(depth: Depth) -> Want:
    """What is asked of a video in storage: all of it where it is decoded and not very large."""
    return NOTHING if depth == "header" else Want(most=_MOST_AT_ONCE)


def known_as(depth: Depth, recipe: VideoRecipe) -> str:
    """The name under which a probe is remembered, behind the path."""
    return f"\0video {depth}" if recipe == VideoRecipe() else f"\0video {depth} {recipe}"


def _probe_medium(medium: MediaContent, depth: Depth, recipe: VideoRecipe) -> VideoProbe:
    path, identity = medium.path, medium.identity
    if identity.kind == "special":
        return VideoProbe(fault="special", exception="OSError", message="it is a pipe or a device, not a file")
    if not medium.is_remote:
        medium.apart = True
        return _probe(path, path, identity, depth, recipe)
    if identity.kind == "absent":
        return VideoProbe(fault="missing", exception="FileNotFoundError", message=f"No such file or directory: {path}")
    if medium.whole is not None:
        return _probe(BytesIO(medium.whole), path, identity, depth, recipe)
    medium.apart = True
    with medium.files.open(path) as file:
        return _probe(file, path, identity, depth, recipe)


def _probe(source: str | BinaryIO, path: str, identity: Identity, depth: Depth, recipe: VideoRecipe) -> VideoProbe:
    probe = _probe_once(source, path, identity, depth, recipe)
    if recipe.sampler == "by-length" or probe.fault not in ("corrupt", "no-frames"):
        return probe
    return replace(probe, fault=OTHERWISE)


def _probe_once(source: str | BinaryIO, path: str, identity: Identity, depth: Depth, recipe: VideoRecipe) -> VideoProbe:
    import av

    try:
        container = open_video(source)
    except (av.FFmpegError, OSError, ValueError) as error:
        refused = _refused(source, path) if isinstance(error, av.ArgumentError) else ""
        return VideoProbe(fault="fetched", message=refused) if refused else _unopened(path, error)
    with container:
        known = VideoProbe(num_bytes=identity.size, format=container.format.name)
        stream = next((stream for stream in container.streams if stream.type == "video"), None)
        if stream is None:
            return replace(known, fault="no-video-stream", exception="StopIteration", message="")
        if recipe.sampler in ("every", "by-rate"):
            return _of_stream(known, container, recipe, decodes=depth != "header")
        if recipe.sampler in ("smart-nframes", "up-to-most"):
            return _sampled(known, container, stream, recipe, decodes=depth != "header")
        try:
            if recipe.headers and (promised := _promised(stream, recipe)):
                known = replace(known, header=promised[0], seconds=promised[1])
            if known.header is not None and depth == "header":
                return known
            return _decode(known, container, stream, recipe)
        except Exception as error:  # the codecs raise many kinds
            kind = "no-frames" if isinstance(error, IndexError) else "corrupt"
            found = "its data is damaged" if stream.codec_context else "FFmpeg has no decoder for it"
            return replace(known, fault=kind, exception=type(error).__name__, message=str(error)[:200], found=found)


def _refused(source: str | BinaryIO, path: str) -> str:
    """Why FFmpeg is not allowed to read a video; empty where that is not why it does not."""
    protocol = _FETCHING.match(path) if isinstance(source, str) else None
    if protocol:
        return f"FFmpeg would read it by {protocol[1]}, nothing is fetched here"
    return "it is a playlist, and the files that it names are not opened" if begins_playlist(_head(source)) else ""


def _head(source: str | BinaryIO) -> bytes:
    try:
        if not isinstance(source, str):
            source.seek(0)
            return source.read(512)
        with open(source.removeprefix("file:"), "rb") as file:
            return file.read(512)
    except (OSError, ValueError):
        return b""


def _sampled(known: VideoProbe, container: Any, stream: Any, recipe: VideoRecipe, *, decodes: bool) -> VideoProbe:
    try:
        found = sampled(container, stream, recipe, decodes=decodes)
    except TooShortError as error:
        return replace(known, fault="too-short", exception="ValueError", message=str(error)[:200])
    except Exception as error:  # the codecs raise many kinds
        return replace(known, fault=OTHERWISE, exception=type(error).__name__, message=str(error)[:200])
    times = sampled_again(found, recipe) if recipe.sampled_twice else found.times
    frames = Frames(len(times), found.width, found.height)
    return replace(known, decoded=frames, seconds=_middles(times))


def _of_stream(known: VideoProbe, container: Any, recipe: VideoRecipe, *, decodes: bool) -> VideoProbe:
    try:
        stream = read_stream(container, decodes=decodes)
        seconds = sampled_at(stream, recipe) if recipe.sampler == "by-rate" else []
    except TooShortError as error:
        return replace(known, fault="too-short", exception="ValueError", message=str(error)[:200])
    except Exception as error:  # the codecs raise many kinds
        return replace(known, fault=OTHERWISE, exception=type(error).__name__, message=str(error)[:200])
    number = len(seconds) if recipe.sampler == "by-rate" else stream.number
    return replace(known, decoded=Frames(number, stream.width, stream.height), seconds=_middles(seconds))


def sample_indices(frames: int, seconds: float, recipe: VideoRecipe) -> list[int]:
    """The frames that the trainer samples of a video with `frames` frames (0: unknown) and a length in seconds."""
    import numpy as np

    unknown = frames == 0 and recipe.endless
    most = recipe.most
    number = most if unknown else min(frames, most, max(recipe.least, math.floor(seconds * recipe.fps)))
    if recipe.odd == "drop":
        number -= number % 2
    last = (most if unknown else frames) - 1
    return [int(index) for index in np.linspace(0, last, number).astype(np.int32)]


def wanted_frames(stream: Any, recipe: VideoRecipe) -> frozenset[int]:
    """The frames that the trainer samples of an opened stream. A TypeError where it has one, without a duration."""
    timeless = stream.frames == 0 and recipe.endless
    seconds = 0.0 if timeless else float(stream.duration * stream.time_base)
    return frozenset(sample_indices(stream.frames, seconds, recipe))


def probe_frames(
    paths: Sequence[str],
    depth: Depth,
    files: MediaFiles,
    *,
    resized: Callable[[int, int], tuple[int, int]] | None,
    recipe: VideoRecipe,
) -> VideoProbe:
    """Probe a video that is given as a list of image files: all are fed, the last one twice if their number is odd.
    `resized`: the size (width, height) to which the trainer resizes a frame of some size, None where that is not known
    here.
    """
    known = VideoProbe(format=LISTED)
    if not paths:
        return replace(known, fault="no-frames", exception="IndexError", message="list index out of range")
    for path in paths:
        if files.identify(path).kind == "absent":
            message = "Invalid image found in video frames."
            return replace(known, fault="missing", exception="ValueError", message=message, found=path[:200])
    probes: list[ImageProbe] = [probe_image(path, depth, files) for path in paths]
    for probe in probes:
        if probe.fault:
            fault = {"fault": probe.fault, "exception": probe.exception, "message": probe.message, "found": probe.found}
            return replace(known, **fault)  # type: ignore[arg-type]
    sizes = [(probe.width or 0, probe.height or 0) for probe in probes]
    if resized is None and len(set(sizes)) > 1:
        return replace(known, fault=SIZES_UNSURE, message=f"they have {len(set(sizes))} sizes")
    if resized is not None and len({resized(*size) for size in sizes}) > 1:
        message = "all input arrays must have the same shape"
        return replace(known, fault="frame-sizes-differ", exception="ValueError", message=message)
    frames = Frames(_even(len(paths)), *sizes[0])
    timed = frames.number if recipe.numbered or recipe.sampler == "smart-nframes" else len(paths)
    return replace(known, decoded=frames, seconds=_numbered(timed, recipe))


def _promised(stream: Any, recipe: VideoRecipe) -> tuple[Frames, tuple[float, ...]] | None:
    """The frames that a header promises, and the middles of their pairs in seconds; None where it cannot be trusted."""
    if stream.duration is None or stream.average_rate is None or float(stream.average_rate) <= 0:
        return None
    indices = sample_indices(stream.frames, float(stream.duration * stream.time_base), recipe)
    seconds = _middles(_times(indices, stream, recipe))
    return Frames(_even(len(indices)), stream.width, stream.height), seconds


def _times(indices: Iterable[int], stream: Any, recipe: VideoRecipe) -> list[float]:
    """When frames are shown, in seconds, by the arithmetic of the trainer. Raises TypeError and ZeroDivisionError where
    it does: of a stream without a rate, or with the rate 0.
    """
    rate = float(stream.average_rate)
    return [index / rate * recipe.fps / recipe.fps for index in indices]


def _numbered(frames: int, recipe: VideoRecipe) -> tuple[float, ...]:
    return _middles([place / recipe.fps for place in range(frames)])


def _middles(times: list[float]) -> tuple[float, ...]:
    """The middle of the times of each two frames, of which the last one counts twice where their number is odd.

    Source: transformers 5.6.0 `processing_qwen3_vl.py`, `_calculate_timestamps`.
    """
    times = times + times[-1:] * (len(times) % 2)
    return tuple((first + second) / 2 for first, second in zip(times[::2], times[1::2], strict=True))


def _decode(known: VideoProbe, container: Any, stream: Any, recipe: VideoRecipe) -> VideoProbe:
    """Decode as the trainer does: every frame to the end, counting those that are sampled."""
    wanted = wanted_frames(stream, recipe)
    by_place = stream.frames == 0  # it names no number of frames: the first ones are sampled
    if recipe.headers:
        known = replace(known, seconds=_middles(_times(sorted(wanted), stream, recipe)))
    container.seek(0)
    number, size = 0, (0, 0)
    orientation: int | None = None
    index, first, after, frame = 0, None, None, None
    for index, frame in enumerate(container.decode(stream)):
        if index in wanted:
            if number == 0:
                size, orientation = (frame.width, frame.height), orientation_of(frame)
            number += 1
        first = first or frame
        after = frame if index == recipe.most else after
    if number == 0:
        raise IndexError("list index out of range")
    known = replace(known, decoded=Frames(_even(number), *size), orientation=orientation)
    if recipe.numbered:
        known = replace(known, seconds=_numbered(_even(number), recipe))
    if after is None or not by_place:
        return known
    seconds = seconds_shown(first, after, frame, stream.average_rate, shown=recipe.most, frames=index + 1)
    return replace(known, shown=(index + 1, *seconds))


def _even(number: int) -> int:
    return number + number % 2


def _unopened(path: str, error: Exception) -> VideoProbe:
    kinds = {"FileNotFoundError": "missing", "IsADirectoryError": "folder", "PermissionError": "forbidden"}
    name = type(error).__name__
    known = VideoProbe(exception=name, message=str(error)[:200])
    if name in kinds or not os.path.isfile(path):
        return replace(known, fault=kinds.get(name, "missing"))
    try:
        with open(path, "rb") as file:
            return replace(known, fault="unreadable", found=sniff(file.read(512)))
    except OSError:
        return replace(known, fault="disk")
