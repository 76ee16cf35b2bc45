"""How a trainer samples videos: the choices in which trainers differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class VideoRecipe:
    """How videos are sampled and resized. Pixel limits are per frame.

    `headers`: tokens are counted from the container's header where that is usable. `odd`: what becomes of an odd number
    of frames; `least` is the smallest number that is sampled of a video with a length, `endless` says whether one
    without a number of frames is sampled by place. `numbered`: the times that are told of frames are their places among
    those that are fed, at `fps`, and not when they are shown.
    """

    fps: float = 2.0
    most: int = 128
    least: int = 1
    max_pixels: int = 256 * 256
    min_pixels: int = 16 * 16
    headers: bool = True
    odd: Literal["repeat", "drop"] = "repeat"
    endless: bool = True
    numbered: bool = False
    sampler: Literal["by-length", "smart-nframes", "every", "by-rate", "up-to-most"] = "by-length"
    """LLaMA-Factory's, by the length that a container names; qwen-vl-utils', by the number of frames that it holds;
    transformers', every frame, or by that number and the rate at which they are shown; NeMo AutoModel's, every frame up
    to `most`.
    """
    sampled_twice: bool = False
    """transformers' processor samples once more among the frames that it is given, by the rate that is left to them,
    and tells times by their numbers among these.
    """
    by_environment: bool = False
    """The environment says how media are sampled and resized, for all of a run, and the most pixels of a frame give way
    to the least.
    """
    reader: str = ""
    """The package that reads videos, where the trainer is installed without it."""
    told: VideoRecipe | None = None
    """How it samples for models that are told when frames are shown, where that is otherwise."""
