"""LLaMA-Factory v1: its registry in YAML, its samples, the model's own template and processor, its batches.

Source: llamafactory-kt 0.9.6.dev0 `v1`, transformers 5.6.0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from validator.catalog.entry import OWN, Entry
from validator.catalog.loader import DATASETS_4_0
from validator.catalog.survey import Survey
from validator.catalog.yaml_registry import CONVERTERS
from validator.conversation.row_view import RowView, converted_text
from validator.conversation.sample import Sample, UnreadError
from validator.media.geometry import ImageLimits
from validator.models.families import QWEN2_5_VL, QWEN2_VL
from validator.settings import Settings
from validator.storage.media_files import MediaFiles
from validator.tokens.encode import EncodedTurn, TrainerError
from validator.tokens.processor import Processor
from validator.tokens.template import Template, check_named, not_reproduced
from validator.trainers.base import BatchRecipe
from validator.trainers.chat_template import joins_header
from validator.trainers.frames import EVERY
from validator.trainers.layout import ANSWERS, Kept, Sizes, TokenSpan
from validator.trainers.llamafactory_v1 import layout
from validator.trainers.llamafactory_v1.native import NAMES
from validator.trainers.llamafactory_v1.rows import convert
from validator.trainers.processor_trainer import ProcessorTrainer, limits_between
from validator.trainers.transformers.heads import check_formats
from validator.trainers.transformers.template import trl_template
from validator.trainers.whole_row import whole_rows

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import MediaFacts, TurnFacts
    from validator.trainers.span_table import Ints, SpanTable

PARTED = ("system", "user", "observation", "assistant", "function")
"""Roles whose contents may hold media: all."""
_NOT_PREFIX = "prompt is not a token-prefix of the full sequence; the chat template is not prefix-stable for this turn"


@dataclass(frozen=True, kw_only=True)
class LlamaFactoryV1(ProcessorTrainer):
    """The way of `v1/trainers/sft_trainer.py`."""

    def view(self, entry: Entry, survey: Survey) -> RowView:
        """The columns that the converter knows, through the schema of the file; without one whole rows."""
        if entry.formatting not in CONVERTERS.values():
            return whole_rows(entry, survey, NAMES)
        names = frozenset(name for name in entry.columns.values() if name)
        view = RowView(entry, survey.types, converted_text(entry, survey, names))
        view.csv = survey.layout == "csv"
        return view

    def sample(self, row: dict[str, Any], entry: Entry, files: MediaFiles) -> Sample:
        """The longest sample of the row."""
        return convert(row, entry.formatting)

    def reads(self, entry: Entry) -> Callable[[str], bool]:
        """Columns that the converter knows."""
        if entry.formatting not in CONVERTERS.values():
            return NAMES.__contains__
        return {name for name in entry.columns.values() if name is not None}.__contains__

    def template(self, processor: Processor, named: str | None) -> Template:
        """The model's own chat template."""
        check_named(named)
        if processor.family not in (QWEN2_VL, QWEN2_5_VL):
            raise not_reproduced(self.name, processor)
        return trl_template(PARTED, self.media_kinds)

    def check(self, sample: Sample) -> None:
        """Media are counted when the row is converted."""

    def complete(self, sample: Sample, media: Sequence[MediaFacts], processor: Processor) -> None:
        """The prompt must be the beginning of the whole, token by token. Raises TrainerError and UnreadError."""
        for turn in sample.turns:
            if turn.role not in ANSWERS or not turn.learned:
                continue
            if joins_header(turn.content, processor):
                raise TrainerError("header-joined", ValueError(_NOT_PREFIX), turn.index, "encode")
        if sample.media.get("video") and processor.resamples:
            raise UnreadError("the files of the processor change which frames of a video are sampled")
        check_formats(sample, media)

    def check_encoded(self, sample: Sample, turns: Sequence[EncodedTurn], processor: Processor) -> None:
        """No pad stands in the text: tokens are broken up."""

    def spans(self, turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
        """Answers are learned."""
        return layout.spans(turns, sizes)

    def truncate(self, spans: Sequence[TokenSpan], limits: Limits) -> list[Kept]:
        """At the end."""
        return layout.truncate(spans, limits.cutoff_len)

    def span_table(self, spans: SpanTable, limits: Limits) -> SpanTable:
        """Answers are learned."""
        return layout.span_table(spans)

    def truncate_table(self, spans: SpanTable, limits: Limits) -> Ints:
        """At the end."""
        return layout.truncate_table(spans, limits.cutoff_len)

    def unlearned(self, turns: Sequence[TurnFacts]) -> str | None:
        """It is left out."""
        return layout.UNLEARNED_ROW

    def image_limits(self, settings: Settings, processor: Processor) -> ImageLimits:
        """The processor's own, and within them those that are set."""
        least = max(settings.image_min_pixels, processor.min_pixels)
        most = max(min(settings.image_max_pixels, processor.max_pixels), least)
        return limits_between(processor, least, most)


TRAINERS = (
    LlamaFactoryV1(
        name="llamafactory-v1",
        describes="LLaMA-Factory v1 (USE_V1=1)",
        formattings=(*CONVERTERS.values(), OWN),
        options=frozenset(),
        defaults={"image_max_pixels": 28 * 28 * 16384, "cutoff_len": 2048},
        min_pixels=56 * 56,
        loader=DATASETS_4_0,
        video=replace(EVERY, reader="torchcodec"),
        batch=BatchRecipe(pad_to_multiple_of=1, adds_fake_image=False, masks_pads=False),
        applies_exif=False,
        on_white="nothing",
        is_replayed=False,
        resizes_by_pillow=False,
        strict_placeholders=False,
        pairs_turns=False,
        parses_tools=True,
        fills_objects=False,
        mixes_modalities=True,
        reads_whole_rows=True,
        names_media_in_columns=False,
        saves_images_again=False,
        first_is_label=True,
        splits_at_answers=True,
        feeds_long_rows=False,
        removes_cut_media=True,
        narrows_pixels=True,
        stops_at_failures=True,
        stops_at_conversion=True,
        mixes_times=False,
        tokenized=None,
        media_roles=PARTED,
        media_kinds=("image", "video"),
        writes_as_qwen3=False,
    ),
)
