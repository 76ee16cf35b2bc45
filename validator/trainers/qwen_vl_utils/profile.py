"""Qwen's own fine-tuning: qwen-vl-utils resizes images, and the processor once more. Source: `qwen-vl-finetune`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from validator.catalog.entry import Entry
from validator.catalog.loader import OF_QWEN
from validator.catalog.survey import Survey
from validator.conversation.row_view import RowView, view_of
from validator.conversation.sample import MediaKind, Sample
from validator.files import MediaFiles
from validator.media.geometry import ImageLimits
from validator.settings import Settings
from validator.tokens.encode import EncodedTurn
from validator.tokens.processor import Processor
from validator.tokens.template import Template, check_named, not_reproduced
from validator.trainers.base import BatchRecipe, Trainer
from validator.trainers.chat_template import chat_template, check_literal_pads, check_parts
from validator.trainers.layout import Kept, Sizes, TokenSpan
from validator.trainers.qwen_vl_utils import layout
from validator.trainers.qwen_vl_utils.resize import image_grid, resize, who_resizes
from validator.trainers.qwen_vl_utils.sample import COLUMNS, convert, is_own_layout

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import TurnFacts

_TEMPLATE = chat_template(("user",))


@dataclass(frozen=True, kw_only=True)
class QwenVlUtils(Trainer):
    """Qwen's way."""

    def configured(self, settings: Settings) -> Trainer:
        """No setting changes it."""
        return self

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

    def template(self, processor: Processor, named: str | None) -> Template:
        """The model's own chat template."""
        check_named(named)
        if processor.model == "qwen3-vl":
            raise not_reproduced(self.name, processor)
        return _TEMPLATE

    def check(self, sample: Sample) -> None:
        """As many image parts as images."""
        check_parts(sample, _TEMPLATE)

    def complete(self, sample: Sample, sizes: Sequence[tuple[int, int]], processor: Processor) -> None:
        """Nothing depends on the sizes of images."""

    def check_encoded(self, sample: Sample, turns: Sequence[EncodedTurn], pads: Mapping[MediaKind, int]) -> None:
        """The processor takes pads in the text for images."""
        check_literal_pads(sample, turns, pads)

    def spans(self, turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
        """Answers are learned, without their headers."""
        return layout.spans(turns, sizes, limits)

    def truncate(self, spans: Sequence[TokenSpan], limits: Limits) -> list[Kept]:
        """At the end."""
        return layout.truncate(spans, limits)

    def too_long(self, num_tokens: int, cutoff_len: int) -> str | None:
        """It is cut."""
        return None

    def image_limits(self, settings: Settings, processor: Processor) -> ImageLimits:
        """Those of qwen-vl-utils, then the processor's own."""
        return ImageLimits(
            max_pixels=settings.image_max_pixels,
            min_pixels=settings.image_min_pixels,
            processor_min_pixels=processor.min_pixels,
            processor_max_pixels=processor.max_pixels,
            patch_size=processor.patch_size,
            merge_size=processor.merge_size,
        )

    def with_max_pixels(self, limits: ImageLimits, max_pixels: int) -> ImageLimits:
        """The processor's limits stay."""
        return replace(limits, max_pixels=max_pixels)

    def image_grid(self, width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
        """Resized by qwen-vl-utils, then by the processor."""
        return image_grid(width, height, limits)

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """Videos are not reproduced."""
        return width, height

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
        video=None,
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
        truncation="end",
        learns_everything=False,
        unlearned_header=layout.HEADER,
        first_is_label=True,
        stops_at_failures=False,
    ),
)
