"""TRL's SFTTrainer with transformers' own processor, which gets the pixel limits. Source: TRL 1.16, transformers 5."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from validator.catalog.entry import OWN, Entry
from validator.catalog.loader import DATASETS_5_2
from validator.catalog.survey import Survey
from validator.conversation.row_view import RowView, view_of
from validator.conversation.sample import Sample, UnreadError
from validator.models.families import QWEN3_5, QWEN3_VL
from validator.settings import Settings
from validator.storage.media_files import MediaFiles
from validator.tokens.processor import Processor
from validator.tokens.template import Template, check_named, not_reproduced
from validator.trainers.base import BatchRecipe, Trainer
from validator.trainers.frames import OF_PROCESSOR, times_told
from validator.trainers.layout import Sizes, TokenSpan
from validator.trainers.processor_trainer import ProcessorTrainer
from validator.trainers.transformers import layout
from validator.trainers.transformers.heads import WRITTEN, check_formats, count_heads
from validator.trainers.transformers.latest import write_latest
from validator.trainers.transformers.own import NAMES, TEXT_NAMES, Loss, convert_own
from validator.trainers.transformers.sample import COLUMNS, convert
from validator.trainers.transformers.template import trl_qwen3_template, trl_template, trl_thinking_template
from validator.trainers.transformers.thinking import write_thinking
from validator.trainers.whole_row import whole_rows

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import MediaFacts, TurnFacts
    from validator.trainers.span_table import SpanTable

_OWN_TEMPLATE = (
    "--processor {}: trl with Qwen3.5 or Qwen3.6 is reproduced where the folder has their chat_template.jinja as it is "
    "published; this has another, or none."
)


@dataclass(frozen=True, kw_only=True)
class Transformers(ProcessorTrainer):
    """SFTTrainer's way."""

    loss: Loss

    def configured(self, settings: Settings) -> Trainer:
        """With what SFTConfig says of labels."""
        return replace(self, loss=Loss(settings.assistant_only_loss, settings.completion_only_loss))

    def view(self, entry: Entry, survey: Survey) -> RowView:
        """Columns of the entry, through the schema of the file; all of them where there is no registry."""
        return whole_rows(entry, survey, TEXT_NAMES) if entry.formatting == OWN else view_of(entry, survey)

    def sample(self, row: dict[str, Any], entry: Entry, files: MediaFiles) -> Sample:
        """Messages of any roles in any order."""
        return convert_own(row, self.loss) if entry.formatting == OWN else convert(row, entry, files)

    def template(self, processor: Processor, named: str | None) -> Template:
        """The model's own chat template."""
        check_named(named)
        if processor.family is QWEN3_5:
            if processor.chat_template is None and processor.unknown is None:
                raise ValueError(_OWN_TEMPLATE.format(processor.name))
            return trl_thinking_template(self.media_roles, self.media_kinds)
        if processor.family not in WRITTEN:
            raise not_reproduced(self.name, processor)
        return (trl_qwen3_template if processor.family is QWEN3_VL else trl_template)(
            self.media_roles, self.media_kinds
        )

    def complete(self, sample: Sample, media: Sequence[MediaFacts], processor: Processor) -> None:
        """Count what of its header an answer does not learn."""
        super().complete(sample, media, processor)
        if sample.media.get("video") and processor.resamples:
            raise UnreadError("the files of the processor change which frames of a video are sampled")
        if processor.family.times_frames:
            sample.times = times_told(media)
        if processor.family is QWEN3_5:
            write_thinking(sample, processor)
        if OWN in sample.objects:
            if processor.family is QWEN3_VL:
                write_latest(sample)
            count_heads(sample, processor)
            check_formats(sample, media)

    def unlearned(self, turns: Sequence[TurnFacts]) -> str | None:
        """A row that is prepared before training is left out."""
        return layout.UNLEARNED_ROW if any(layout.PREPARED in turn.traits for turn in turns) else None

    def reads(self, entry: Entry) -> Callable[[str], bool]:
        """Columns that the entry names, and those of images by name."""
        if entry.formatting == OWN:
            return NAMES.__contains__
        return {*(name for name in entry.columns.values() if name is not None), *COLUMNS}.__contains__

    def spans(self, turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
        """Everything is learned."""
        return layout.spans(turns, sizes, limits)

    def span_table(self, spans: SpanTable, limits: Limits) -> SpanTable:
        """Everything is learned."""
        return layout.span_table(spans)

    def writes_times(self, processor: Processor, named: str | None) -> bool:
        """The processors of later models do."""
        return processor.family.times_frames


TRAINERS = (
    Transformers(
        name="trl",
        describes="TRL's SFTTrainer with transformers' own processor",
        formattings=("alpaca", "sharegpt", "openai", OWN),
        options=frozenset(("assistant_only_loss", "completion_only_loss")),
        defaults={"image_max_pixels": 28 * 28 * 16384, "cutoff_len": 1024},
        min_pixels=56 * 56,
        loader=DATASETS_5_2,
        video=OF_PROCESSOR,
        batch=BatchRecipe(pad_to_multiple_of=1, adds_fake_image=False, masks_pads=False),
        applies_exif=True,
        on_white="all",
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
        stops_at_failures=True,
        stops_at_conversion=True,
        mixes_times=False,
        tokenized=None,
        media_kinds=("image", "video"),
        media_roles=("user", "assistant", "function"),
        writes_as_qwen3=True,
        loss=Loss(),
    ),
)
