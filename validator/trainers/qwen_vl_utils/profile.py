"""Qwen's own fine-tuning: qwen-vl-utils resizes images, and the processor once more. Source: `qwen-vl-finetune`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from validator.catalog.entry import Entry
from validator.catalog.loader import OF_QWEN
from validator.catalog.survey import Survey
from validator.conversation.row_view import RowView, view_of
from validator.conversation.sample import Sample
from validator.media.geometry import ImageLimits
from validator.media.video_recipe import VideoRecipe
from validator.settings import Settings
from validator.storage.media_files import MediaFiles
from validator.tokens.processor import Processor
from validator.trainers.base import BatchRecipe, Trainer
from validator.trainers.chat_template import ChatTemplateTrainer
from validator.trainers.layout import Sizes, TokenSpan
from validator.trainers.qwen_vl_utils import layout
from validator.trainers.qwen_vl_utils.resize import frame_grid, image_grid, resize, who_resizes
from validator.trainers.qwen_vl_utils.sample import COLUMNS, convert, is_own_layout

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import TurnFacts
    from validator.trainers.span_table import SpanTable


@dataclass(frozen=True, kw_only=True)
class QwenVlUtils(ChatTemplateTrainer):
    """Qwen's way."""

    def configured(self, settings: Settings) -> Trainer:
        """With what is said about videos: `min_pixels`, `max_pixels`, `fps` and `max_frames` of each."""
        assert self.video is not None
        return replace(self, video=replace(self.video, **settings.of_video)) if settings.of_video else self

    def view(self, entry: Entry, survey: Survey) -> RowView:
        """JSON as it stands."""
        return view_of(entry, survey, plain=True)

    def sample(self, row: dict[str, Any], entry: Entry, files: MediaFiles) -> Sample:
        """Everything but questions is an answer."""
        return convert(row, entry, files)

    def reads(self, entry: Entry) -> Callable[[str], bool]:
        """Its own columns. Where rows go to it as they are, nothing stands between it and the names."""
        named = set() if is_own_layout(entry) else {name for name in entry.columns.values() if name is not None}
        return {*COLUMNS, *named}.__contains__

    def spans(self, turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
        """Answers are learned, without their headers."""
        return layout.spans(turns, sizes, limits)

    def span_table(self, spans: SpanTable, limits: Limits) -> SpanTable:
        """Answers are learned, without their headers."""
        return layout.span_table(spans)

    def image_limits(self, settings: Settings, processor: Processor) -> ImageLimits:
        """Those of qwen-vl-utils, then the processor's own."""
        video = self.video or VideoRecipe()
        return ImageLimits(
            max_pixels=settings.image_max_pixels,
            min_pixels=settings.image_min_pixels,
            processor_min_pixels=processor.min_pixels,
            processor_max_pixels=processor.max_pixels,
            patch_size=processor.patch_size,
            merge_size=processor.merge_size,
            video_max_pixels=video.max_pixels,
            video_min_pixels=video.min_pixels,
            processor_video_pixels=processor.video_pixels,
        )

    def with_max_pixels(self, limits: ImageLimits, max_pixels: int) -> ImageLimits:
        """The processor's limits stay."""
        return replace(limits, max_pixels=max_pixels)

    def image_grid(self, width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
        """Resized by qwen-vl-utils, then by the processor."""
        return image_grid(width, height, limits)

    def frame_grid(self, width: int, height: int, frames: int, limits: ImageLimits) -> tuple[int, int]:
        """Resized by qwen-vl-utils, the smaller the longer the video is, then by the processor."""
        return frame_grid(width, height, frames, limits)

    def resize(self, image: Image.Image, limits: ImageLimits) -> Image.Image:
        """By qwen-vl-utils."""
        return resize(image, limits)

    def resizer(self) -> str:
        """The package."""
        return who_resizes()


TRAINERS = (
    QwenVlUtils(
        name="qwen-vl-utils",
        describes="Qwen's own fine-tuning with images of qwen-vl-utils",
        formattings=("alpaca", "sharegpt", "openai"),
        options=frozenset(),
        defaults={"image_max_pixels": 28 * 28 * 576, "cutoff_len": 512},
        min_pixels=28 * 28 * 16,
        loader=OF_QWEN,
        video=VideoRecipe(
            most=768,
            least=4,
            max_pixels=2**40,
            min_pixels=128 * 28 * 28,
            headers=False,
            sampler="smart-nframes",
        ),
        batch=BatchRecipe(pad_to_multiple_of=1, adds_fake_image=False, masks_pads=True),
        applies_exif=False,
        on_white="rgba-and-colour",
        is_replayed=True,
        resizes_by_pillow=False,
        strict_placeholders=True,
        pairs_turns=False,
        parses_tools=False,
        fills_objects=False,
        mixes_modalities=False,
        reads_whole_rows=False,
        names_media_in_columns=False,
        saves_images_again=False,
        first_is_label=True,
        splits_at_answers=False,
        feeds_long_rows=False,
        removes_cut_media=False,
        narrows_pixels=False,
        stops_at_failures=False,
        stops_at_conversion=False,
        mixes_times=False,
        tokenized=None,
        media_kinds=("image", "video"),
        media_roles=("user",),
        writes_as_qwen3=False,
    ),
)
