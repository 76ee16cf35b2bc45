"""ms-swift 4.6 for the Qwen-VL families: columns by their names, pads that are never cut, failures left out.

Batches are padded to their longest row. Source: ms-swift 4.6.0 `trainers/mixin.py`, `template/base.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from validator.catalog.entry import OWN, Entry
from validator.catalog.loader import DATASETS_4_8
from validator.catalog.survey import Survey
from validator.conversation.row_view import RowView
from validator.conversation.sample import Sample, UnreadError
from validator.media.geometry import ImageLimits
from validator.media.video_recipe import VideoRecipe
from validator.models.families import QWEN2_5_VL, QWEN2_VL, QWEN3_5, QWEN3_VL
from validator.settings import Settings, Truncation
from validator.storage.media_files import MediaFiles
from validator.tokens.encode import EncodedTurn, TrainerError
from validator.tokens.processor import Processor
from validator.tokens.template import Template, check_named, not_reproduced
from validator.trainers.base import BatchRecipe, Trainer
from validator.trainers.layout import Kept, Sizes, TokenSpan
from validator.trainers.ms_swift import layout, template
from validator.trainers.ms_swift.cached import CachedDataset
from validator.trainers.ms_swift.resize import frame_grid, image_grid, whole_tokens
from validator.trainers.ms_swift.rows import MEDIA, TEXT_NAMES, FaultError
from validator.trainers.ms_swift.sample import check_media, convert, write_objects
from validator.trainers.ms_swift.thinking import thinking_turns
from validator.trainers.whole_row import whole_rows

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import MediaFacts, TurnFacts
    from validator.trainers.span_table import Ints, SpanTable

_FRAME_TOKENS = (128, 768)
"""The least and the most of a frame of a video: VIDEO_MIN_TOKEN_NUM and VIDEO_MAX_TOKEN_NUM of qwen-vl-utils."""

_TEMPLATES = {
    QWEN2_VL.name: template.QWEN2,
    QWEN2_5_VL.name: template.QWEN2,
    QWEN3_VL.name: template.QWEN3,
    QWEN3_5.name: template.QWEN3_5,
}


@dataclass(frozen=True, kw_only=True)
class MsSwift(Trainer):
    """swift sft, with one of its truncation strategies."""

    strategy: Truncation

    def configured(self, settings: Settings) -> Trainer:
        """With its truncation_strategy, its FPS and FPS_MAX_FRAMES, and stopping at failures where it is `strict`."""
        assert self.video is not None
        strategy = settings.truncation_strategy or self.strategy
        sampling = {name: value for name, value in settings.of_video.items() if name in ("fps", "most")}
        video = replace(self.video, **sampling)
        strict = settings.strict
        return replace(self, strategy=strategy, stops_at_failures=strict, stops_at_conversion=strict, video=video)

    def view(self, entry: Entry, survey: Survey) -> RowView:
        """Whole rows."""
        return whole_rows(entry, survey, TEXT_NAMES)

    def sample(self, row: dict[str, Any], entry: Entry, files: MediaFiles) -> Sample:
        """One answer to all layouts."""
        return convert(row, entry, files)

    def reads(self, entry: Entry) -> Callable[[str], bool]:
        """Columns that the entry names, and those of media by name."""
        named = {name for name in entry.columns.values() if name is not None}
        return lambda name: name in named or name.lower() in MEDIA

    def template(self, processor: Processor, named: str | None) -> Template:
        """Its own of the model."""
        check_named(named)
        found = _TEMPLATES.get(processor.family.name)
        if found is None:
            raise not_reproduced(self.name, processor)
        return found

    def check(self, sample: Sample) -> None:
        """Tags are completed, and none is too many."""

    def writes_times(self, processor: Processor, named: str | None) -> bool:
        """Its processor of such a model does."""
        return processor.family.times_frames

    def complete(self, sample: Sample, media: Sequence[MediaFacts], processor: Processor) -> None:
        """Turns of models that think, the times of frames, and boxes in thousandths of their image."""
        if processor.family is QWEN3_5 and sample.messages:
            self._think(sample)
        check_media(sample, timed=processor.family.times_frames)
        if processor.family.times_frames:
            videos = [item for item in media if item.kind == "video"]
            sample.times = [tuple(f"<{seconds:.1f} seconds>" for seconds in video.seconds) for video in videos]
        if not sample.objects:
            return
        if processor.family.coordinates != "thousandths" and sample.objects.get("bbox"):
            raise UnreadError("boxes are not reproduced for Qwen2.5-VL, which is told pixels of the resized image")
        try:
            images = [item for item in media if item.kind == "image"]
            write_objects(sample, [(item.probe.width or 0, item.probe.height or 0) for item in images])
        except UnreadError:
            raise
        except Exception as error:  # what the trainer's own code raises on such objects
            raise TrainerError("objects-type", error, None, "encode") from None

    @staticmethod
    def _think(sample: Sample) -> None:
        try:
            sample.turns = thinking_turns(sample.messages)
        except FaultError as fault:
            raise TrainerError(fault.kind, fault.cause, None, "encode") from None
        sample.system = sample.system and sample.system.strip()

    def check_encoded(self, sample: Sample, turns: Sequence[EncodedTurn], processor: Processor) -> None:
        """Pads in the text are taken as they are."""

    def spans(self, turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
        """Pads are never cut."""
        return layout.spans(turns, sizes, apart=limits.image.apart)

    def truncate(self, spans: Sequence[TokenSpan], limits: Limits) -> list[Kept]:
        """Text alone, by its strategy."""
        return layout.truncate(spans, limits.cutoff_len, self.strategy)

    def span_table(self, spans: SpanTable, limits: Limits) -> SpanTable:
        """The first pads of each kind are those of media."""
        return layout.span_table(spans)

    def truncate_table(self, spans: SpanTable, limits: Limits) -> Ints:
        """Text alone, by its strategy."""
        return layout.truncate_table(spans, limits.cutoff_len, self.strategy)

    def too_long(self, num_tokens: int, cutoff_len: int) -> str | None:
        """Under `delete` it is left out."""
        return layout.too_long(num_tokens, cutoff_len) if self.strategy == "delete" else None

    def unlearned(self, turns: Sequence[TurnFacts]) -> str | None:
        """It is fed all the same."""
        return None

    def image_limits(self, settings: Settings, processor: Processor) -> ImageLimits:
        """It counts in tokens: pixels are rounded down to those of whole ones."""
        factor = processor.patch_size * processor.merge_size
        least, most = settings.video_min_pixels, settings.video_max_pixels
        return ImageLimits(
            max_pixels=whole_tokens(settings.image_max_pixels, factor),
            min_pixels=whole_tokens(settings.image_min_pixels, factor),
            processor_min_pixels=processor.min_pixels,
            processor_max_pixels=processor.max_pixels,
            patch_size=processor.patch_size,
            merge_size=processor.merge_size,
            video_min_pixels=_FRAME_TOKENS[0] * factor**2 if least is None else whole_tokens(least, factor),
            video_max_pixels=_FRAME_TOKENS[1] * factor**2 if most is None else whole_tokens(most, factor),
            apart=processor.family.times_frames,
        )

    def with_max_pixels(self, limits: ImageLimits, max_pixels: int) -> ImageLimits:
        """Its processor has no limits of its own."""
        return replace(limits, max_pixels=max_pixels)

    def image_grid(self, width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
        """Resized by qwen-vl-utils alone."""
        return image_grid(width, height, limits)

    def frame_grid(self, width: int, height: int, frames: int, limits: ImageLimits) -> tuple[int, int]:
        """Resized by qwen-vl-utils alone, the smaller the longer the video is."""
        return frame_grid(width, height, frames, limits)

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """Not asked for: frames of lists are resized as images first."""
        return width, height

    def resize(self, image: Image.Image, limits: ImageLimits) -> Image.Image:
        """Not reproduced."""
        raise ValueError(f"images are not loaded here as {self.describes} loads them")

    def resizer(self) -> str:
        """No library."""
        return ""


TRAINERS = (
    MsSwift(
        name="ms-swift",
        describes="ms-swift 4.6, swift sft",
        formattings=("alpaca", "sharegpt", "ms-swift", OWN),
        options=frozenset(("default_system", "truncation_strategy", "strict")),
        defaults={"image_max_pixels": 28 * 28 * 16384, "cutoff_len": 32768},
        min_pixels=28 * 28 * 4,
        loader=DATASETS_4_8,
        video=VideoRecipe(most=768, least=4, headers=False, sampler="smart-nframes", by_environment=True),
        batch=BatchRecipe(pad_to_multiple_of=1, adds_fake_image=False, masks_pads=False),
        applies_exif=False,
        on_white="nothing",
        is_replayed=False,
        resizes_by_pillow=False,
        strict_placeholders=False,
        pairs_turns=False,
        parses_tools=True,
        fills_objects=True,
        mixes_modalities=True,
        reads_whole_rows=True,
        names_media_in_columns=False,
        saves_images_again=False,
        first_is_label=False,
        splits_at_answers=False,
        feeds_long_rows=False,
        removes_cut_media=False,
        narrows_pixels=False,
        stops_at_failures=False,
        stops_at_conversion=False,
        mixes_times=False,
        tokenized=CachedDataset(),
        strategy="delete",
    ),
)
