"""What trainers do alike that leave the resizing of images to transformers' processor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image

from validator.media.geometry import ImageLimits, processor_grid
from validator.tokens.processor import Processor
from validator.trainers.chat_template import ChatTemplateTrainer
from validator.trainers.frames import frame_grid

if TYPE_CHECKING:
    from validator.settings import Settings

_grid = lru_cache(maxsize=4096)(processor_grid)


def limits_between(processor: Processor, least: int, most: int) -> ImageLimits:
    """Those of a processor that is given the least and the most pixels of an image."""
    return ImageLimits(
        max_pixels=most,
        min_pixels=least,
        processor_min_pixels=least,
        processor_max_pixels=most,
        patch_size=processor.patch_size,
        merge_size=processor.merge_size,
        processor_video_pixels=processor.video_pixels,
        apart=processor.family.times_frames,
    )


@dataclass(frozen=True, kw_only=True)
class ProcessorTrainer(ChatTemplateTrainer):
    """A trainer whose images are resized by the processor alone."""

    def image_limits(self, settings: Settings, processor: Processor) -> ImageLimits:
        """The processor's are those that are set."""
        return limits_between(processor, settings.image_min_pixels, settings.image_max_pixels)

    def with_max_pixels(self, limits: ImageLimits, max_pixels: int) -> ImageLimits:
        """The processor's too."""
        return replace(limits, max_pixels=max_pixels, processor_max_pixels=max_pixels)

    def image_grid(self, width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
        """Resized by the processor alone."""
        return _grid(width, height, limits)

    def frame_grid(self, width: int, height: int, frames: int, limits: ImageLimits) -> tuple[int, int]:
        """Resized by the processor alone."""
        return frame_grid(width, height, frames, limits)

    def resize(self, image: Image.Image, limits: ImageLimits) -> Image.Image:
        """The processor gets images as they are."""
        return image

    def resizer(self) -> str:
        """No library."""
        return ""
