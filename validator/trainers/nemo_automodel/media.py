"""What NeMo AutoModel opens for an element of a row's columns of images and videos.

Source: nemo-automodel 0.7.0 `components/datasets/vlm/datasets.py`, `convert_sharegpt_to_conversation`, and
`components/datasets/vlm/utils.py`, `_preload_media`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from validator.catalog.entry import Entry
from validator.conversation.media_paths import SHOWN
from validator.conversation.sample import MediaReference, Problem, Sample, UnreadError
from validator.tokens.encode import TrainerError
from validator.trainers.transformers.parts import Stop

if TYPE_CHECKING:
    from validator.facts.record import MediaFacts
    from validator.tokens.processor import Processor

WITHOUT_RATE = "frames-without-rate"
"""Among what is kept of a sample for later: the number of its first list of frames that names no rate. The kind of the
problem that such a list is.
"""
FRAMES_NAMED = "frames-named"
"""The kind of the note that a row names the frames of a video, by its number."""
_NO_RATE = "fps is required for pre-extracted frame sequences when preserve_video_metadata is enabled"
_NOT_A_PATH = "expected str, bytes or os.PathLike object, not {}"
_THIN = (1, 3)
"""Pixels of a height that transformers may take for a number of channels."""


def image_reference(index: int, item: Any, entry: Entry) -> MediaReference:
    """An image. Raises Stop and UnreadError."""
    if isinstance(item, dict):
        if item.keys() != {"path"}:
            raise UnreadError(f"image {index} is an object with more than a path, which is not reproduced")
        item = item["path"]
    if isinstance(item, str):
        if "::" in item:
            raise UnreadError(f"image {index} lies in an LMDB database, which is not read")
        return MediaReference("image", index, item[:SHOWN], _joined(item, entry), "path", below_root=True)
    if entry.media_dir is not None:
        raise Stop("media-type", TypeError(_NOT_A_PATH.format(type(item).__name__)))
    problem = Problem("media-type", None, index, "ValueError", f"Invalid image type: {type(item).__name__}")
    return MediaReference("image", index, repr(item)[:SHOWN], None, "value", problem)


def video_reference(sample: Sample, index: int, item: Any, entry: Entry) -> MediaReference:
    """A video: a file, of which `frame_indices` may name the frames, or a list of frames, with their `fps`. Raises Stop
    and UnreadError.
    """
    rate = frames = None
    if isinstance(item, Mapping):
        if not {"path"} <= item.keys() <= {"path", "fps", "frame_indices"}:
            raise UnreadError(f"video {index} is an object with keys that are not reproduced")
        rate, frames = item.get("fps"), item.get("frame_indices")
        if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float) or rate <= 0):
            raise UnreadError(f"the fps of video {index} is something else than a rate")
        item = item["path"]
    if isinstance(item, str):
        if ":" in item[:16]:
            raise UnreadError(f"video {index} is a URL, which is not opened here")
        made = MediaReference("video", index, item[:SHOWN], _joined(item, entry), "path", below_root=True)
        if frames is not None:
            made.named_frames = _named(frames, index)
            sample.note(FRAMES_NAMED, None, f"{index}")
        return made
    if entry.media_dir is not None:
        raise Stop("media-type", TypeError(_NOT_A_PATH.format(type(item).__name__)))
    if isinstance(item, list) and all(isinstance(frame, str) for frame in item):
        if item and rate is None:
            sample.objects.setdefault(WITHOUT_RATE, index)
        return MediaReference("video", index, repr(item)[:SHOWN], None, "path", frames=tuple(item), below_root=True)
    if isinstance(item, list):
        raise UnreadError(f"a frame of video {index} is something else than a path")
    problem = Problem("media-type", None, index, "ValueError", f"Invalid video input: {type(item).__name__}")
    return MediaReference("video", index, repr(item)[:SHOWN], None, "value", problem)


def _named(frames: Any, index: int) -> int:
    """How many frames are named; one behind the last of the video is the last."""
    if isinstance(frames, list) and frames and all(type(place) is int and place >= 0 for place in frames):
        return len(frames)
    raise UnreadError(f"frame_indices of video {index} that are no places of frames are not reproduced")


def _joined(path: str, entry: Entry) -> str:
    return path if entry.media_dir is None else os.path.join(entry.media_dir, path)


def check_videos(sample: Sample, media: Sequence[MediaFacts], processor: Processor) -> None:
    """Frames are sampled as the processor says, of which lists need a rate. Raises TrainerError and UnreadError."""
    if not sample.media.get("video"):
        return
    if processor.resamples or processor.paces:
        raise UnreadError("the files of the processor change which frames of a video are sampled")
    if any(item.kind == "video" and item.probe.height in _THIN for item in media):
        raise UnreadError("frames of a height of 1 or 3 pixels, which may be taken for colours")
    if WITHOUT_RATE in sample.objects:
        raise TrainerError(WITHOUT_RATE, ValueError(_NO_RATE), None, "encode")
