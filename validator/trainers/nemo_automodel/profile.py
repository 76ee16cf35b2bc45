"""NeMo AutoModel's fine-tuning of vision models, with `pretokenize` and a `max_length`, which it does not cut at.

Source: nemo-automodel 0.7.0 `components/datasets/vlm/datasets.py`, `PreTokenizedDatasetWrapper`; transformers 5.18.0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from validator.catalog.entry import Entry
from validator.catalog.loader import OF_QWEN
from validator.catalog.survey import Survey
from validator.conversation.row_view import RowView
from validator.conversation.sample import Sample
from validator.media.geometry import ImageLimits, processor_grid
from validator.media.video_recipe import VideoRecipe
from validator.models.families import QWEN2_5_VL, QWEN2_VL
from validator.settings import ENDLESS, Settings
from validator.storage.media_files import MediaFiles
from validator.tokens.encode import EncodedTurn
from validator.tokens.processor import Processor
from validator.tokens.template import Template, check_named, not_reproduced
from validator.trainers import found_answers
from validator.trainers.base import BatchRecipe
from validator.trainers.layout import Sizes, TokenSpan
from validator.trainers.nemo_automodel.media import check_videos
from validator.trainers.nemo_automodel.rows import FAKE, TOO_LONG, PlainRow, as_named, convert
from validator.trainers.processor_trainer import ProcessorTrainer, limits_between
from validator.trainers.transformers.template import SHIELD, trl_template

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import MediaFacts, TurnFacts
    from validator.trainers.span_table import SpanTable

_WHITE = 56
"""Pixels of a side of the picture that is put into rows without media."""


@lru_cache(maxsize=64)
def _white(limits: ImageLimits) -> str:
    """What the template writes of that picture, once it is expanded."""
    rows, columns = processor_grid(_WHITE, _WHITE, limits)
    pads = "<|image_pad|>" * (rows * columns // limits.merge_size**2)
    return f"<|vision_start|>{pads}<|vision_end|>".replace("<", f"<{SHIELD}")


@dataclass(frozen=True, kw_only=True)
class NemoAutomodel(ProcessorTrainer):
    """The way of `PreTokenizedDatasetWrapper`."""

    def view(self, entry: Entry, survey: Survey) -> RowView:
        """The columns that it names, as they stand in the JSON."""
        return PlainRow(as_named(entry), survey.types, plain=True)

    def sample(self, row: dict[str, Any], entry: Entry, files: MediaFiles) -> Sample:
        """Messages of known roles."""
        return convert(row, entry)

    def reads(self, entry: Entry) -> Callable[[str], bool]:
        """Columns that it names."""
        return {name for name in as_named(entry).columns.values() if name is not None}.__contains__

    def template(self, processor: Processor, named: str | None) -> Template:
        """The model's own chat template."""
        check_named(named)
        if processor.family not in (QWEN2_VL, QWEN2_5_VL):
            raise not_reproduced(self.name, processor)
        return trl_template(self.media_roles, self.media_kinds)

    def check(self, sample: Sample) -> None:
        """Media that are too few or too many go by unsaid."""

    def complete(self, sample: Sample, media: Sequence[MediaFacts], processor: Processor) -> None:
        """An answer whose header is one token with its beginning is not found, and so not learned; a row without media
        is given a white picture.
        """
        found_answers.unlearn_joined(sample, processor)
        for turn in sample.turns:
            if FAKE in turn.words:
                turn.content = (
                    _white(limits_between(processor, processor.min_pixels, processor.max_pixels)) + turn.content
                )
        check_videos(sample, media, processor)

    def check_encoded(self, sample: Sample, turns: Sequence[EncodedTurn], processor: Processor) -> None:
        """Pads in the text are found when the row is converted."""

    def spans(self, turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
        """Answers are learned."""
        return found_answers.spans(turns, sizes)

    def span_table(self, spans: SpanTable, limits: Limits) -> SpanTable:
        """Answers are learned."""
        return found_answers.span_table(spans)

    def too_long(self, num_tokens: int, cutoff_len: int) -> str | None:
        """Another row takes its place."""
        return f"{TOO_LONG}: {num_tokens} tokens > max_length {cutoff_len}"

    def image_limits(self, settings: Settings, processor: Processor) -> ImageLimits:
        """The processor's own, and below its most that which is set."""
        most = max(min(settings.image_max_pixels, processor.max_pixels), processor.min_pixels)
        return limits_between(processor, processor.min_pixels, most)


TRAINERS = (
    NemoAutomodel(
        name="nemo-automodel",
        describes="NeMo AutoModel with pretokenize and max_length",
        formattings=("alpaca", "sharegpt"),
        options=frozenset(),
        defaults={"image_max_pixels": 28 * 28 * 16384, "cutoff_len": ENDLESS},
        min_pixels=56 * 56,
        loader=OF_QWEN,
        video=VideoRecipe(most=768, headers=False, sampler="up-to-most", reader="decord"),
        batch=BatchRecipe(pad_to_multiple_of=1, adds_fake_image=False, masks_pads=False),
        applies_exif=False,
        on_white="nothing",
        is_replayed=False,
        resizes_by_pillow=False,
        strict_placeholders=False,
        pairs_turns=False,
        parses_tools=False,
        fills_objects=False,
        mixes_modalities=True,
        reads_whole_rows=False,
        names_media_in_columns=False,
        saves_images_again=False,
        first_is_label=True,
        splits_at_answers=False,
        feeds_long_rows=False,
        removes_cut_media=False,
        narrows_pixels=True,
        stops_at_failures=False,
        stops_at_conversion=True,
        mixes_times=False,
        tokenized=None,
        media_roles=("user",),
        media_kinds=("image", "video"),
        writes_as_qwen3=False,
    ),
)
