"""LLaMA-Factory and its releases: what each does otherwise stands here as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

from validator.catalog.entry import Entry
from validator.catalog.loader import DATASETS_4_0
from validator.catalog.survey import Survey
from validator.conversation import alpaca
from validator.conversation.media_paths import MediaColumns
from validator.conversation.row_view import RowView, view_of
from validator.conversation.sample import Sample, UnreadError
from validator.media.geometry import ImageLimits, smart_resize, smart_resize_frames
from validator.media.video_recipe import VideoRecipe
from validator.models.families import of_template
from validator.settings import Settings
from validator.storage.media_files import MediaFiles
from validator.tokens.encode import EncodedTurn
from validator.tokens.processor import Processor
from validator.tokens.template import Template, Thoughts
from validator.trainers.base import BatchRecipe, Trainer
from validator.trainers.layout import Kept, Sizes, TokenSpan
from validator.trainers.llamafactory import layout, openai, sharegpt
from validator.trainers.llamafactory.checks import check_counts, check_while_expanding
from validator.trainers.llamafactory.resize import image_grid, regularize, trainer_resize
from validator.trainers.llamafactory.template import template_of
from validator.trainers.llamafactory.times import TimesRule, sampled_again, times_of
from validator.trainers.llamafactory.tokenized import TokenizedPath

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import MediaFacts, TurnFacts
    from validator.trainers.span_table import Ints, SpanTable


_ENABLED = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class _Thinking:
    """The settings that templates for models that think are told. `masks`: mask_history, where that takes thoughts."""

    enabled: bool | None = True
    preserves: bool | None = None
    masks: bool = False
    effort: str = "xhigh"

    def of(self, thoughts: Thoughts) -> Thoughts:
        """What a template does under them."""
        preserves = thoughts.preserves if self.preserves is None else self.preserves
        return replace(thoughts, enabled=self.enabled, forgets=self.masks and not preserves, effort=self.effort)


@dataclass(frozen=True, kw_only=True)
class LlamaFactory(Trainer):
    """A release of LLaMA-Factory."""

    template_since: str
    """The release that brought its template."""
    thinking: _Thinking
    """What its templates for models that think are told."""
    media_columns: MediaColumns
    media_first: bool
    """Media are opened before placeholders are counted."""
    unknown_role: Literal["drop", "crash"]
    """What a role that the registry does not name does to a row."""
    null_calls: Literal["nothing", "crash"]
    """What null tool_calls are."""
    has_min_pixels: bool
    resample: Image.Resampling | None
    """By which it resizes images; None: Pillow's default for the image's mode."""
    times: TimesRule | None
    """By which it writes the times of frames for Qwen3-VL; None: that is not reproduced."""

    def configured(self, settings: Settings) -> Trainer:
        """With what is said about videos and thoughts."""
        thinking = _Thinking(
            _ENABLED[settings.enable_thinking],
            settings.preserve_thinking,
            settings.mask_history and "preserve_thinking" in self.options,
            settings.reasoning_effort,
        )
        made = self if thinking == self.thinking else replace(self, thinking=thinking)
        said = settings.of_video
        return replace(made, video=replace(self.video or VideoRecipe(), **said)) if said else made

    def view(self, entry: Entry, survey: Survey) -> RowView:
        """Columns of the entry, through the schema of the file."""
        return view_of(entry, survey)

    def sample(self, row: dict[str, Any], entry: Entry, files: MediaFiles) -> Sample:
        """By the converter of the entry's formatting."""
        if entry.formatting == "alpaca":
            return alpaca.convert(row, entry, files, self.media_columns)
        if entry.formatting == "openai":
            return openai.convert(row, entry, files, self)
        return sharegpt.convert(row, entry, files, self)

    def reads(self, entry: Entry) -> Callable[[str], bool]:
        """Columns that the entry names."""
        return {name for name in entry.columns.values() if name is not None}.__contains__

    def template(self, processor: Processor, named: str | None) -> Template:
        """Its `template`, or that of the model."""
        template = template_of(self.name, self.template_since, processor, named)
        return (
            template if template.thoughts is None else replace(template, thoughts=self.thinking.of(template.thoughts))
        )

    def check(self, sample: Sample) -> None:
        """As many placeholders as media."""
        (check_while_expanding if self.media_first else check_counts)(sample)

    def writes_times(self, processor: Processor, named: str | None) -> bool:
        """Templates of models that are told do, for such a model."""
        family = processor.family if named is None else of_template(named)
        known = family is not None and family.times_frames and processor.family.times_frames
        return self.times is not None and known

    def complete(self, sample: Sample, media: Sequence[MediaFacts], processor: Processor) -> None:
        """The times of frames, where they are measured."""
        videos = [item for item in media if item.kind == "video"]
        if self.times is not None and any(video.seconds for video in videos):
            frames = [(video.probe.frames or 0, video.seconds) for video in videos]
            recipe = self.video or VideoRecipe()
            if recipe.numbered and any(sampled_again(number, recipe) != number for number, _ in frames):
                raise UnreadError("the processor samples frames of its videos a second time, which is not reproduced")
            sample.times = times_of(sample.turns, frames, rule=self.times)

    def check_encoded(self, sample: Sample, turns: Sequence[EncodedTurn], processor: Processor) -> None:
        """Pads in the text are taken as they are."""

    def spans(self, turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
        """Turn by turn."""
        return layout.spans(turns, sizes, limits)

    def truncate(self, spans: Sequence[TokenSpan], limits: Limits) -> list[Kept]:
        """Pair by pair."""
        return layout.truncate(spans, limits)

    def span_table(self, spans: SpanTable, limits: Limits) -> SpanTable:
        """Turn by turn."""
        return layout.span_table(spans, limits)

    def truncate_table(self, spans: SpanTable, limits: Limits) -> Ints:
        """Pair by pair."""
        return layout.truncate_table(spans, limits)

    def too_long(self, num_tokens: int, cutoff_len: int) -> str | None:
        """It is cut."""
        return None

    def unlearned(self, turns: Sequence[TurnFacts]) -> str | None:
        """It is fed all the same."""
        return None

    def image_limits(self, settings: Settings, processor: Processor) -> ImageLimits:
        """Its own limits, then those of the processor."""
        video = self.video or VideoRecipe()
        return ImageLimits(
            max_pixels=settings.image_max_pixels,
            min_pixels=settings.image_min_pixels if self.has_min_pixels else 0,
            processor_min_pixels=processor.min_pixels,
            processor_max_pixels=processor.max_pixels,
            patch_size=processor.patch_size,
            merge_size=processor.merge_size,
            video_max_pixels=video.max_pixels,
            video_min_pixels=video.min_pixels,
            processor_video_pixels=processor.video_pixels,
            apart=self.writes_times(processor, settings.template),
        )

    def with_max_pixels(self, limits: ImageLimits, max_pixels: int) -> ImageLimits:
        """The processor's limits stay."""
        return replace(limits, max_pixels=max_pixels)

    def image_grid(self, width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
        """Resized by the trainer, then by the processor."""
        return image_grid(width, height, limits)

    def frame_grid(self, width: int, height: int, frames: int, limits: ImageLimits) -> tuple[int, int]:
        """Resized by the trainer, then by the processor: each for itself, or all together."""
        width, height = trainer_resize(width, height, limits.video_max_pixels, limits.video_min_pixels)
        if limits.apart:
            size = smart_resize_frames(frames, height, width, limits.factor, limits.processor_video_pixels)
        else:
            size = smart_resize(height, width, limits.factor, *limits.processor_video_pixels)
        return size[0] // limits.patch_size, size[1] // limits.patch_size

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """Frames are resized as images, within limits of their own."""
        video = self.video or VideoRecipe()
        return trainer_resize(width, height, video.max_pixels, video.min_pixels)

    def resize(self, image: Image.Image, limits: ImageLimits) -> Image.Image:
        """Its pixel limits, RGB, then its plugin's sides."""
        return regularize(image, limits.max_pixels, limits.min_pixels, resample=self.resample)

    def resizer(self) -> str:
        """No library."""
        return ""


_LATEST = LlamaFactory(
    name="llamafactory",
    describes="LLaMA-Factory 0.9.5",
    formattings=("alpaca", "sharegpt", "openai"),
    options=frozenset(
        ("default_system", "mask_history", "train_on_prompt", "template", "enable_thinking", "preserve_thinking")
    ),
    defaults={"image_max_pixels": 768 * 768, "cutoff_len": 2048},
    min_pixels=32 * 32,
    loader=DATASETS_4_0,
    video=VideoRecipe(),
    batch=BatchRecipe(pad_to_multiple_of=8, adds_fake_image=True, masks_pads=False),
    applies_exif=False,
    on_white="nothing",
    is_replayed=True,
    resizes_by_pillow=True,
    strict_placeholders=True,
    pairs_turns=True,
    parses_tools=True,
    fills_objects=False,
    mixes_modalities=True,
    reads_whole_rows=False,
    names_media_in_columns=True,
    saves_images_again=True,
    first_is_label=True,
    splits_at_answers=False,
    feeds_long_rows=False,
    removes_cut_media=False,
    narrows_pixels=False,
    stops_at_failures=True,
    stops_at_conversion=True,
    mixes_times=True,
    tokenized=TokenizedPath(),
    template_since="0.9.5",
    thinking=_Thinking(),
    media_columns=MediaColumns(null="nothing", joins_each_path=False, frame_lists=True, audio=True),
    media_first=False,
    unknown_role="drop",
    null_calls="nothing",
    has_min_pixels=True,
    resample=None,
    times="of-first-and-message",
)
_MAIN = replace(
    _LATEST,
    name="llamafactory@main",
    describes="LLaMA-Factory main (0.9.6.dev0)",
    options=_LATEST.options | {"reasoning_effort"},
    tokenized=None,
    template_since="main",
    times="own",
    mixes_times=False,
)
_0_9_4 = replace(
    _LATEST,
    name="llamafactory@0.9.4",
    describes="LLaMA-Factory 0.9.4",
    options=_LATEST.options - {"preserve_thinking"},
    template_since="0.9.4",
    null_calls="crash",
    video=VideoRecipe(headers=False, numbered=True),
)
_0_9_3 = replace(
    _0_9_4,
    name="llamafactory@0.9.3",
    describes="LLaMA-Factory 0.9.3",
    tokenized=None,
    formattings=("alpaca", "sharegpt"),
    template_since="0.9.3",
    null_calls="nothing",
    video=VideoRecipe(headers=False),
    times=None,
)
_0_9_2 = replace(
    _0_9_3,
    name="llamafactory@0.9.2",
    describes="LLaMA-Factory 0.9.2",
    options=_0_9_3.options - {"default_system", "enable_thinking"},
    template_since="0.9.2",
    media_first=True,
    media_columns=MediaColumns(null="crash", joins_each_path=False, frame_lists=False, audio=True),
    video=VideoRecipe(least=0, headers=False),
)
_0_9_1 = replace(
    _0_9_2,
    name="llamafactory@0.9.1",
    describes="LLaMA-Factory 0.9.1",
    template_since="0.9.1",
    unknown_role="crash",
    media_columns=MediaColumns(null="item", joins_each_path=True, frame_lists=False, audio=False),
    has_min_pixels=False,
    video=VideoRecipe(most=64, least=0, max_pixels=128 * 128, min_pixels=0, headers=False, odd="drop", endless=False),
    resample=Image.Resampling.NEAREST,
    batch=BatchRecipe(pad_to_multiple_of=8, adds_fake_image=False, masks_pads=False),
    defaults={"image_max_pixels": 512 * 512, "cutoff_len": 2048},
)
TRAINERS = (_LATEST, _MAIN, _0_9_4, _0_9_3, _0_9_2, _0_9_1)
