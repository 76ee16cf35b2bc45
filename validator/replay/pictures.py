"""From media references to pixel tensors: the trainer's own loading and resizing, then transformers' real processor.

Sources: LLaMA-Factory 0.9.5 `mm_plugin.py` (`_regularize_images`, `_regularize_videos` of the Qwen2-VL plugin).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageOps

from validator.conversation.sample import MediaKind
from validator.media.geometry import ImageLimits
from validator.media.resize import regularize
from validator.media.video import sample_indices
from validator.replay.job import Medium
from validator.trainer import VideoRecipe


class Pictures:
    """Makes pixel tensors of images and videos. `kind` says which image processor runs and on what it rests."""

    def __init__(self, folder: str | None, limits: ImageLimits, trainer: str = "llamafactory") -> None:
        self._limits, self._trainer = limits, trainer
        self.merge_size = limits.merge_size
        self._images, self.kind = image_processor(folder, limits)
        self._videos = _video_processor(limits) if self.kind.endswith("torchvision") else None

    def __call__(self, images: list[Medium], videos: list[Medium]) -> dict[str, torch.Tensor]:
        """`pixel_values` (patches, 1176) and `image_grid_thw` (images, 3), the same for videos; absent without media.

        Raises whatever the trainer's libraries raise.
        """
        tensors: dict[str, torch.Tensor] = {}
        if images:
            self.add_images(tensors, [self._load(image) for image in images])
        if videos:
            self._add_videos(tensors, [self._frames(video) for video in videos])
        return tensors

    def add_images(self, tensors: dict[str, torch.Tensor], images: list[Image.Image]) -> None:
        """Process images that are already loaded and resized."""
        made = self._images(images, return_tensors="pt")
        tensors.update(pixel_values=made["pixel_values"], image_grid_thw=made["image_grid_thw"])

    def _load(self, medium: Medium) -> Image.Image:
        most = medium.max_pixels or self._limits.max_pixels
        if self._trainer == "qwen-vl-utils":
            from qwen_vl_utils import fetch_image

            limits = {"min_pixels": self._limits.min_pixels, "max_pixels": most}
            return fetch_image({"image": _open(medium), **limits})  # type: ignore[no-any-return]
        return regularize(_open(medium), most, self._limits.min_pixels)

    def _frames(self, medium: Medium) -> list[Image.Image]:
        if medium.frames is not None:
            frames: list[Image.Image] = [Image.open(path) for path in medium.frames]
        else:
            frames = _decode(medium.path or "")
        if len(frames) % 2:
            frames.append(frames[-1])
        return [regularize(frame, self._limits.video_max_pixels, self._limits.video_min_pixels) for frame in frames]

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


def _open(medium: Medium) -> Image.Image:
    image = Image.open(BytesIO(medium.data)) if medium.data is not None else Image.open(medium.path or "")
    if medium.turned:
        return ImageOps.exif_transpose(image)
    return image


def _decode(path: str) -> list[Image.Image]:
    import av

    with av.open(path, "r") as container:
        stream = next(stream for stream in container.streams if stream.type == "video")
        seconds = 0.0 if stream.frames == 0 else float((stream.duration or 0) * (stream.time_base or 0))
        wanted = frozenset(sample_indices(stream.frames, seconds, VideoRecipe()))
        container.seek(0)
        decoded = enumerate(container.decode(stream))
        return [frame.to_image() for index, frame in decoded if index in wanted]


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
    options["size"] = {"shortest_edge": limits.processor_min_pixels, "longest_edge": limits.processor_max_pixels}
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

    edges = {"shortest_edge": limits.processor_min_pixels, "longest_edge": limits.processor_max_pixels}
    return Qwen2VLVideoProcessor(size=edges, patch_size=limits.patch_size, merge_size=limits.merge_size)
