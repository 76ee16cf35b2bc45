"""From a medium to the pictures that the processor is given, as the trainer's profile says.

Sources: LLaMA-Factory 0.9.1 to 0.9.5 `mm_plugin.py` (`_regularize_images`, `_regularize_videos` of the Qwen2-VL
plugin), TRL 1.16 (its processor gets images as `datasets` decodes them), qwen-vl-utils 0.0.14 `vision_process.py`.
"""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

from PIL import Image, ImageOps

from validator.media.ffmpeg import open_video
from validator.media.geometry import ImageLimits
from validator.media.video import wanted_frames
from validator.media.video_recipe import VideoRecipe
from validator.replaying.job import Medium
from validator.trainers.base import Trainer


def load(medium: Medium, limits: ImageLimits, trainer: Trainer) -> Image.Image:
    """An image as the processor is given it. Raises whatever the trainer's libraries raise."""
    image: Image.Image = Image.open(BytesIO(medium.data) if medium.data is not None else medium.path or "")
    if medium.turned:
        image = ImageOps.exif_transpose(image)
    return trainer.resize(image, limits)


def frames_of(medium: Medium, limits: ImageLimits, trainer: Trainer) -> list[Image.Image]:
    """The frames of a video, an even number. Raises whatever the trainer's libraries raise."""
    if medium.frames is not None:
        frames: list[Image.Image] = [Image.open(path) for path in medium.frames]
    else:
        frames = _decode(medium.path or "", trainer.video or VideoRecipe())
    if len(frames) % 2:
        frames.append(frames[-1])
    limits = replace(limits, max_pixels=limits.video_max_pixels, min_pixels=limits.video_min_pixels)
    return [trainer.resize(frame, limits) for frame in frames]


def check_reproduced(trainer: Trainer) -> None:
    """Raise ValueError where samples are not loaded here as a trainer loads them."""
    if not trainer.is_replayed:
        raise ValueError(f"neither --replay nor --exact: images are not loaded here as {trainer.describes} loads them")


def _decode(path: str, recipe: VideoRecipe) -> list[Image.Image]:
    with open_video(path) as container:
        stream = next(stream for stream in container.streams if stream.type == "video")
        wanted = wanted_frames(stream, recipe)
        container.seek(0)
        decoded = enumerate(container.decode(stream))
        return [frame.to_image() for index, frame in decoded if index in wanted]
