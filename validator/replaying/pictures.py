"""From media to pixel tensors: loaded as the trainer loads them, then transformers' real processor."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from validator.conversation.sample import MediaKind
from validator.media.geometry import ImageLimits
from validator.replaying.job import Medium
from validator.replaying.loading import frames_of, load
from validator.trainers.base import Trainer

FAKE_SIDE = 64
"""Of the white square, in pixels: 4 pads."""


class Pictures:
    """Makes pixel tensors of images and videos. `kind` says which image processor runs, on what it rests, and what
    resizes images before it.
    """

    def __init__(self, folder: str | None, limits: ImageLimits, trainer: Trainer) -> None:
        self._limits, self.trainer = limits, trainer
        self.merge_size = limits.merge_size
        self._images, kind = image_processor(folder, limits)
        self._videos = _video_processor(limits) if kind.endswith("torchvision") else None
        self.kind = kind + trainer.resizer()

    def __call__(self, images: list[Medium], videos: list[Medium]) -> dict[str, torch.Tensor]:
        """`pixel_values` (patches, 1176) and `image_grid_thw` (images, 3), the same for videos; absent without media.

        Raises whatever the trainer's libraries raise.
        """
        tensors: dict[str, torch.Tensor] = {}
        if images:
            limits = [image.limits or self._limits for image in images]
            loaded = [load(image, its, self.trainer) for image, its in zip(images, limits, strict=True)]
            self.add_images(tensors, loaded, limits)
        if videos:
            self._add_videos(tensors, [frames_of(video, self._limits, self.trainer) for video in videos])
        return tensors

    def add_images(
        self, tensors: dict[str, torch.Tensor], images: Sequence[Image.Image], limits: Sequence[ImageLimits]
    ) -> None:
        """Process images that are already loaded and resized, each within the limits that the processor has for it."""
        made = [
            self._images([image], size=_edges(its), return_tensors="pt")
            for image, its in zip(images, limits, strict=True)
        ]
        pixels, grids = zip(*((one["pixel_values"], one["image_grid_thw"]) for one in made), strict=True)
        tensors.update(pixel_values=torch.cat(pixels), image_grid_thw=torch.cat(grids))

    def add_fake(self, tensors: dict[str, torch.Tensor]) -> None:
        """A white square, as LLaMA-Factory puts into a batch without media."""
        self.add_images(tensors, [Image.new("RGB", (FAKE_SIDE, FAKE_SIDE), (255, 255, 255))], [self._limits])

    def _add_videos(self, tensors: dict[str, torch.Tensor], videos: list[list[Image.Image]]) -> None:
        if self._videos is not None:
            made = self._videos(videos=videos, return_tensors="pt")
            tensors.update(pixel_values_videos=made["pixel_values_videos"], video_grid_thw=made["video_grid_thw"])
            return
        pixels, grids = zip(*(self._paired(frames) for frames in videos), strict=True)
        tensors.update(pixel_values_videos=torch.cat(pixels), video_grid_thw=torch.stack(grids))

    def _paired(self, frames: list[Image.Image]) -> tuple[torch.Tensor, torch.Tensor]:
        """A video without torchvision: each frame as an image, whose patches hold it twice, then two frames in one."""
        made = self._images(frames, return_tensors="pt")
        grids = made["image_grid_thw"]
        if len(grids.unique(dim=0)) > 1:
            raise ValueError("all input arrays must have the same shape")
        high, wide = (int(side) for side in grids[0, 1:])
        size = self._limits.patch_size
        patches = made["pixel_values"].view(len(frames) // 2, 2, high * wide, 3, 2, size * size)
        pairs = torch.stack((patches[:, 0, :, :, 0], patches[:, 1, :, :, 0]), dim=3)
        return pairs.reshape(-1, 3 * 2 * size * size), torch.tensor([len(frames) // 2, high, wide])


def counted(
    pixels: Mapping[str, torch.Tensor], kinds: Iterable[MediaKind], merge_size: int
) -> dict[MediaKind, tuple[int, ...]]:
    """The tokens of each medium by the grids that the processor has made."""
    grids = {"image": "image_grid_thw", "video": "video_grid_thw"}
    return {kind: tuple(int(grid.prod()) // merge_size**2 for grid in pixels.get(grids[kind], ())) for kind in kinds}


def image_processor(folder: str | None, limits: ImageLimits) -> tuple[Any, str]:
    """The real image processor, and its name with what it rests on. PIL's where torchvision is absent or broken."""
    settings: dict[str, Any] = {}
    if folder is not None:
        for name in ("preprocessor_config.json", "processor_config.json"):
            file = Path(folder) / name
            if file.is_file():
                given = json.loads(file.read_text(encoding="utf-8"))
                settings = given.get("image_processor", given)
                break
    known = ("image_mean", "image_std", "patch_size", "merge_size", "temporal_patch_size", "rescale_factor", "resample")
    options = {name: settings[name] for name in known if name in settings}
    options["size"] = _edges(limits)
    make, backend = _image_class()
    return make(**options), f"{make.__name__} on {backend}"


def _image_class() -> tuple[Any, str]:
    try:
        import torchvision  # noqa: F401
        from transformers import Qwen2VLImageProcessor
    except (ImportError, RuntimeError):  # a CPU torch beside a CUDA torchvision: RuntimeError
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

        return Qwen2VLImageProcessorPil, "PIL"
    return Qwen2VLImageProcessor, "torchvision"


def _video_processor(limits: ImageLimits) -> Any:
    from transformers import Qwen2VLVideoProcessor

    return Qwen2VLVideoProcessor(size=_edges(limits), patch_size=limits.patch_size, merge_size=limits.merge_size)


def _edges(limits: ImageLimits) -> dict[str, int]:
    """The processor's pixel limits by the names that it has for them."""
    return {"shortest_edge": limits.processor_min_pixels, "longest_edge": limits.processor_max_pixels}
