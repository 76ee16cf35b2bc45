"""From a medium to the pictures that the processor is given, as the trainer's profile says.

Sources: LLaMA-Factory 0.9.1 to 0.9.5 `mm_plugin.py` (`_regularize_images`, `_regularize_videos` of the Qwen2-VL
plugin), TRL 1.16 (its processor gets images as `datasets` decodes them), qwen-vl-utils 0.0.14 `vision_process.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps

from validator.media.geometry import ImageLimits
from validator.media.resize import fetch, regularize
from validator.media.video import NOTHING_FETCHED, wanted_frames
from validator.replay.job import Medium
from validator.trainer import Trainer, VideoRecipe

_UTILS = "qwen-vl-utils"


def load(medium: Medium, limits: ImageLimits) -> Image.Image:
    """An image as the processor is given it. Raises whatever the trainer's libraries raise."""
    image: Image.Image = Image.open(BytesIO(medium.data) if medium.data is not None else medium.path or "")
    if medium.turned:
        image = ImageOps.exif_transpose(image)
    return RESIZES[limits.resizing](image, limits)


def frames_of(medium: Medium, limits: ImageLimits, recipe: VideoRecipe) -> list[Image.Image]:
    """The frames of a video, an even number. Raises whatever the trainer's libraries raise."""
    if medium.frames is not None:
        frames: list[Image.Image] = [Image.open(path) for path in medium.frames]
    else:
        frames = _decode(medium.path or "", recipe)
    if len(frames) % 2:
        frames.append(frames[-1])
    most, least = limits.video_max_pixels, limits.video_min_pixels
    return [regularize(frame, most, least, nearest=limits.nearest) for frame in frames]


def who_resizes(resizing: str) -> str:
    """What resizes images before the processor does, where it is a library: named with its version."""
    if resizing != "twice":
        return ""
    if _fetch_image() is not None:
        return f", images by {_UTILS} {version(_UTILS)}"
    return f", images as {_UTILS} 0.0.14 has them (it cannot be imported here)"


def _by_trainer(image: Image.Image, limits: ImageLimits) -> Image.Image:
    return regularize(image, limits.max_pixels, limits.min_pixels, nearest=limits.nearest)


def _by_utils(image: Image.Image, limits: ImageLimits) -> Image.Image:
    real = _fetch_image()
    if real is None:
        return fetch(image, limits.max_pixels, limits.min_pixels)
    return real({"image": image, "min_pixels": limits.min_pixels, "max_pixels": limits.max_pixels})  # type: ignore[no-any-return]


RESIZES: Mapping[str, Callable[[Image.Image, ImageLimits], Image.Image]] = {
    "trainer": _by_trainer,
    "processor": lambda image, limits: image,
    "twice": _by_utils,
}
"""By the profile's `resizing`: what is done with an opened image before the processor gets it."""


def check_reproduced(trainer: Trainer) -> None:
    """Raise ValueError where samples are not loaded here as a trainer loads them."""
    if trainer.resizing not in RESIZES:
        raise ValueError(f"neither --replay nor --exact: images are not loaded here as {trainer.describes} loads them")


@cache
def _fetch_image() -> Any:
    """qwen-vl-utils' own function; None where it, or the torchvision that it rests on, cannot be imported."""
    try:
        version(_UTILS)
        from qwen_vl_utils import fetch_image
    except (PackageNotFoundError, ImportError, RuntimeError):  # a CPU torch beside a CUDA torchvision: RuntimeError
        return None
    return fetch_image


def _decode(path: str, recipe: VideoRecipe) -> list[Image.Image]:
    import av

    with av.open(path, "r", options=NOTHING_FETCHED) as container:
        stream = next(stream for stream in container.streams if stream.type == "video")
        wanted = wanted_frames(stream, recipe)
        container.seek(0)
        decoded = enumerate(container.decode(stream))
        return [frame.to_image() for index, frame in decoded if index in wanted]
