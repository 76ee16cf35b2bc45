"""axolotl's collator of multimodal data, with `chat_template: qwen2_vl` and its defaults: no row is cut or left out.

Source: axolotl 0.19.0 `processing_strategies.py`, `utils/collators/mm_chat.py`; transformers 5.16.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from validator.catalog.entry import OWN, Entry
from validator.catalog.loader import DATASETS_4_8
from validator.catalog.survey import Survey
from validator.conversation.row_view import RowView
from validator.conversation.sample import Sample, UnreadError
from validator.media.geometry import ImageLimits
from validator.settings import ENDLESS, Settings
from validator.storage.media_files import MediaFiles
from validator.tokens.encode import EncodedTurn
from validator.tokens.processor import Processor
from validator.tokens.template import Template, check_named, not_reproduced
from validator.trainers import found_answers
from validator.trainers.axolotl.rows import NAMES, TEXT_NAMES, convert
from validator.trainers.axolotl.template import axolotl_template
from validator.trainers.base import BatchRecipe
from validator.trainers.frames import OF_PROCESSOR, times_told
from validator.trainers.layout import Kept, Sizes, TokenSpan
from validator.trainers.processor_trainer import ProcessorTrainer, limits_between
from validator.trainers.span_table import IMAGE
from validator.trainers.transformers.heads import WRITTEN, check_formats
from validator.trainers.whole_row import whole_rows

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import MediaFacts, TurnFacts
    from validator.trainers.span_table import Ints, SpanTable


@dataclass(frozen=True, kw_only=True)
class Axolotl(ProcessorTrainer):
    """The way of `MultiModalChatDataCollator`."""

    def view(self, entry: Entry, survey: Survey) -> RowView:
        """Whole rows."""
        return whole_rows(entry, survey, TEXT_NAMES)

    def sample(self, row: dict[str, Any], entry: Entry, files: MediaFiles) -> Sample:
        """Messages of any role."""
        return convert(row)

    def reads(self, entry: Entry) -> Callable[[str], bool]:
        """Columns that it knows by name."""
        return NAMES.__contains__

    def template(self, processor: Processor, named: str | None) -> Template:
        """Its own `qwen2_vl`, for all of these models."""
        check_named(named)
        if processor.family not in WRITTEN:
            raise not_reproduced(self.name, processor)
        return axolotl_template(self.media_roles, self.media_kinds)

    def check(self, sample: Sample) -> None:
        """Images are counted when the row is converted."""

    def complete(self, sample: Sample, media: Sequence[MediaFacts], processor: Processor) -> None:
        """An answer whose header is one token with its beginning is not found, and so not learned; the processors of
        later models tell when the frames of videos are shown.
        """
        if sample.media.get("video") and processor.resamples:
            raise UnreadError("the files of the processor change which frames of a video are sampled")
        if processor.family.times_frames:
            sample.times = times_told(media)
        found_answers.unlearn_joined(sample, processor)
        check_formats(sample, media)

    def writes_times(self, processor: Processor, named: str | None) -> bool:
        """The processors of later models do."""
        return processor.family.times_frames

    def check_encoded(self, sample: Sample, turns: Sequence[EncodedTurn], processor: Processor) -> None:
        """Pads in the text are counted when the row is converted."""

    def spans(self, turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
        """Answers are learned, under train_on_inputs all but pads of images."""
        made = found_answers.spans(turns, sizes)
        return [replace(span, is_label=span.kind != "image") for span in made] if limits.train_on_prompt else made

    def span_table(self, spans: SpanTable, limits: Limits) -> SpanTable:
        """Answers are learned, under train_on_inputs all but pads of images."""
        made = found_answers.span_table(spans)
        return replace(made, is_label=made.kind != IMAGE) if limits.train_on_prompt else made

    def truncate(self, spans: Sequence[TokenSpan], limits: Limits) -> list[Kept]:
        """Never."""
        return [(0, span.num_tokens) for span in spans]

    def truncate_table(self, spans: SpanTable, limits: Limits) -> Ints:
        """Never."""
        return spans.num_tokens

    def image_limits(self, settings: Settings, processor: Processor) -> ImageLimits:
        """The processor's own, and below its most that which is set, as `max_pixels` of `processor_kwargs`."""
        own = limits_between(processor, processor.min_pixels, processor.max_pixels)
        most = max(settings.image_max_pixels, processor.min_pixels)
        return self.with_max_pixels(own, most) if most < processor.max_pixels else own

    def with_max_pixels(self, limits: ImageLimits, max_pixels: int) -> ImageLimits:
        """Under Qwen2-VL and Qwen2.5-VL those of frames too: transformers hands the key on to both processors, and the
        later one of videos has none of that name.
        """
        images = super().with_max_pixels(limits, max_pixels)
        least, _ = limits.processor_video_pixels
        return images if limits.apart else replace(images, processor_video_pixels=(least, max_pixels))


TRAINERS = (
    Axolotl(
        name="axolotl",
        describes="axolotl's multimodal collator",
        formattings=(OWN,),
        options=frozenset(("train_on_prompt",)),
        defaults={"image_max_pixels": 32 * 32 * 16384, "cutoff_len": ENDLESS},
        min_pixels=56 * 56,
        loader=DATASETS_4_8,
        video=replace(OF_PROCESSOR, reader="torchcodec"),
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
        feeds_long_rows=True,
        removes_cut_media=False,
        narrows_pixels=True,
        stops_at_failures=True,
        stops_at_conversion=True,
        mixes_times=False,
        saves_images_again=False,
        tokenized=None,
        media_roles=("user", "assistant", "function", "observation", "system"),
        media_kinds=("image", "video"),
        writes_as_qwen3=False,
    ),
)
