"""TRL's SFTTrainer with transformers' own processor, which gets the pixel limits. Source: TRL 1.16, transformers 5."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from PIL import Image

from validator.catalog.entry import Entry
from validator.catalog.loader import DATASETS_5_2
from validator.catalog.survey import Survey
from validator.conversation.row_view import RowView, view_of
from validator.conversation.sample import MediaKind, Sample
from validator.files import MediaFiles
from validator.media.geometry import ImageLimits, processor_grid
from validator.settings import Settings
from validator.tokens.encode import EncodedTurn
from validator.tokens.processor import Processor
from validator.tokens.template import Template, check_named, not_reproduced
from validator.trainers.base import BatchRecipe, Trainer
from validator.trainers.chat_template import chat_template, check_literal_pads, check_parts
from validator.trainers.layout import Kept, Sizes, TokenSpan
from validator.trainers.transformers import layout
from validator.trainers.transformers.sample import COLUMNS, convert

if TYPE_CHECKING:
    from validator.facts.budget import Limits
    from validator.facts.record import TurnFacts

_TEMPLATE = chat_template(("user", "assistant", "function"))
_grid = lru_cache(maxsize=4096)(processor_grid)


@dataclass(frozen=True, kw_only=True)
class Transformers(Trainer):
    """SFTTrainer's way."""

    def configured(self, settings: Settings) -> Trainer:
        """No setting changes it."""
        return self

    def view(self, entry: Entry, survey: Survey) -> RowView:
        """Columns of the entry, through the schema of the file."""
        return view_of(entry, survey)

    def sample(self, row: dict[str, Any], entry: Entry, files: MediaFiles) -> Sample:
        """Messages of any roles in any order."""
        return convert(row, entry, files)

    def reads(self, entry: Entry) -> Callable[[str], bool]:
        """Columns that the entry names, and those of images by name."""
        return {*(name for name in entry.columns.values() if name is not None), *COLUMNS}.__contains__

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
        """Everything is learned."""
        return layout.spans(turns, sizes, limits)

    def truncate(self, spans: Sequence[TokenSpan], limits: Limits) -> list[Kept]:
        """At the end."""
        return layout.truncate(spans, limits)

    def too_long(self, num_tokens: int, cutoff_len: int) -> str | None:
        """It is cut."""
        return None

    def image_limits(self, settings: Settings, processor: Processor) -> ImageLimits:
        """The processor's are those that are set."""
        return ImageLimits(
            max_pixels=settings.image_max_pixels,
            min_pixels=settings.image_min_pixels,
            processor_min_pixels=settings.image_min_pixels,
            processor_max_pixels=settings.image_max_pixels,
            patch_size=processor.patch_size,
            merge_size=processor.merge_size,
        )

    def with_max_pixels(self, limits: ImageLimits, max_pixels: int) -> ImageLimits:
        """The processor's too."""
        return replace(limits, max_pixels=max_pixels, processor_max_pixels=max_pixels)

    def image_grid(self, width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
        """Resized by the processor alone."""
        return _grid(width, height, limits)

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """Videos are not reproduced."""
        return width, height

    def resize(self, image: Image.Image, limits: ImageLimits) -> Image.Image:
        """The processor gets images as they are."""
        return image

    def resizer(self) -> str:
        """No library."""
        return ""


TRAINERS = (
    Transformers(
        name="hf",
        describes="TRL's SFTTrainer with transformers' own processor",
        formattings=("alpaca", "sharegpt", "openai"),
        options=frozenset(),
        defaults={"image_max_pixels": 28 * 28 * 16384, "cutoff_len": 1024},
        min_pixels=56 * 56,
        loader=DATASETS_5_2,
        video=None,
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
        truncation="end",
        learns_everything=True,
        unlearned_header=0,
        first_is_label=True,
        stops_at_failures=True,
    ),
)
