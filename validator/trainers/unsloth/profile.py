"""unsloth's vision collator: its rows, its resizing before the processor's own, its labels.

Source: unsloth_zoo 2026.10.9 `vision_utils.py`, `UnslothVisionDataCollator` with its defaults, but for what settings
say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

from validator.catalog.entry import OWN, Entry
from validator.catalog.loader import DATASETS_4_8
from validator.catalog.survey import Survey
from validator.conversation.row_view import RowView
from validator.conversation.sample import Sample, UnreadError
from validator.media.geometry import ImageLimits
from validator.media.video_recipe import VideoRecipe
from validator.models.families import QWEN3_VL
from validator.settings import Integrity, Settings
from validator.storage.media_files import MediaFiles
from validator.tokens.encode import EncodedTurn, TrainerError
from validator.tokens.processor import Processor
from validator.tokens.template import Template, check_named, not_reproduced
from validator.trainers.base import BatchRecipe, Trainer
from validator.trainers.chat_template import check_written
from validator.trainers.frames import times_told
from validator.trainers.layout import Sizes, TokenSpan
from validator.trainers.processor_trainer import ProcessorTrainer
from validator.trainers.transformers.heads import WRITTEN
from validator.trainers.transformers.latest import write_latest
from validator.trainers.transformers.template import trl_qwen3_template, trl_template
from validator.trainers.unsloth import layout
from validator.trainers.unsloth.markers import note_markers
from validator.trainers.unsloth.resize import frame_grid, image_grid, rounded
from validator.trainers.unsloth.responses import note_learned
from validator.trainers.unsloth.rows import NAMES, TEXT_NAMES, WITHIN, convert
from validator.trainers.whole_row import whole_rows

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import MediaFacts, TurnFacts
    from validator.trainers.span_table import SpanTable

_VIDEO = VideoRecipe(most=768, least=4, headers=False, sampler="smart-nframes")


@dataclass(frozen=True, kw_only=True)
class Unsloth(ProcessorTrainer):
    """UnslothVisionDataCollator's way."""

    resizes: Literal["min", "max"]
    integrity: Integrity
    responses: bool
    """train_on_responses_only is set."""

    def configured(self, settings: Settings) -> Trainer:
        """With its `resize` and `train_on_responses_only`, and as deep as images are looked at."""
        return replace(
            self,
            resizes=settings.resize or self.resizes,
            integrity=settings.integrity,
            responses=settings.train_on_responses_only,
        )

    def view(self, entry: Entry, survey: Survey) -> RowView:
        """Whole rows."""
        return whole_rows(entry, survey, TEXT_NAMES)

    def sample(self, row: dict[str, Any], entry: Entry, files: MediaFiles) -> Sample:
        """Messages, or prompts and completions."""
        return convert(row, files, self.integrity)

    def reads(self, entry: Entry) -> Callable[[str], bool]:
        """Columns that it knows by name."""
        return NAMES.__contains__

    def template(self, processor: Processor, named: str | None) -> Template:
        """The model's own chat template."""
        check_named(named)
        if processor.family not in WRITTEN:
            raise not_reproduced(self.name, processor)
        return (trl_qwen3_template if processor.family is QWEN3_VL else trl_template)(
            self.media_roles, self.media_kinds
        )

    def writes_times(self, processor: Processor, named: str | None) -> bool:
        """The processor of Qwen3-VL does."""
        return processor.family.times_frames

    def check(self, sample: Sample) -> None:
        """Images are counted when the row is converted."""

    def complete(self, sample: Sample, media: Sequence[MediaFacts], processor: Processor) -> None:
        """Images within messages are rounded to whole tokens when they are loaded: their size is that one. Qwen3-VL is
        told when the frames of videos are shown.
        """
        if processor.family.times_frames:
            if sample.media.get("video") and processor.resamples:
                raise UnreadError("the files of the processor change which frames of a video are sampled")
            sample.times = times_told(media)
        if processor.family is QWEN3_VL:
            write_latest(sample)
        if WITHIN not in sample.objects:
            return
        factor = processor.patch_size * processor.merge_size
        for item in media:
            if item.kind != "image":
                continue
            try:
                width, height = rounded(item.probe.width or 0, item.probe.height or 0, factor)
            except ValueError as error:
                raise TrainerError("image-refused", error, item.turn, "encode") from None
            item.probe = replace(item.probe, width=width, height=height)

    def check_encoded(self, sample: Sample, turns: Sequence[EncodedTurn], processor: Processor) -> None:
        """Pads that the template writes of images that are not loaded stay; images that it does not write are too
        many. What may be learned of each turn is found by its ids.
        """
        check_written(sample, turns)
        if processor.family.times_frames:
            note_markers(turns, processor)
        note_learned(sample, turns, processor)

    def spans(self, turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
        """Text is learned, vision is not."""
        return layout.spans(turns, sizes, responses=self.responses)

    def span_table(self, spans: SpanTable, limits: Limits) -> SpanTable:
        """Text is learned, vision is not."""
        return layout.span_table(spans, responses=self.responses)

    def image_grid(self, width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
        """Narrowed, unless `resize` is max, and resized by the processor."""
        return image_grid(width, height, limits, narrows=self.resizes == "min")

    def frame_grid(self, width: int, height: int, frames: int, limits: ImageLimits) -> tuple[int, int]:
        """Resized when it is loaded, and by the processor."""
        return frame_grid(width, height, frames, limits)

    def resize(self, image: Image.Image, limits: ImageLimits) -> Image.Image:
        """Not reproduced."""
        raise ValueError(f"images are not loaded here as {self.describes} loads them")


TRAINERS = (
    Unsloth(
        name="unsloth",
        describes="unsloth's vision collator",
        formattings=(OWN,),
        options=frozenset(("resize", "train_on_responses_only")),
        defaults={"image_max_pixels": 28 * 28 * 16384, "cutoff_len": 2048},
        min_pixels=56 * 56,
        loader=DATASETS_4_8,
        video=replace(_VIDEO, told=replace(_VIDEO, sampled_twice=True)),
        batch=BatchRecipe(pad_to_multiple_of=1, adds_fake_image=False, masks_pads=True),
        applies_exif=False,
        on_white="nothing",
        is_replayed=False,
        resizes_by_pillow=False,
        strict_placeholders=False,
        pairs_turns=False,
        parses_tools=False,
        fills_objects=False,
        mixes_modalities=True,
        reads_whole_rows=True,
        names_media_in_columns=False,
        first_is_label=True,
        splits_at_answers=False,
        feeds_long_rows=False,
        removes_cut_media=False,
        narrows_pixels=False,
        stops_at_failures=True,
        stops_at_conversion=True,
        mixes_times=False,
        saves_images_again=False,
        tokenized=None,
        media_roles=("user", "assistant", "function"),
        media_kinds=("image", "video"),
        writes_as_qwen3=False,
        resizes="min",
        integrity="fast",
        responses=False,
    ),
)
