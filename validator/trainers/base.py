"""What the rest of the program asks of a trainer. Nothing here has a default: each trainer says everything itself.

A trainer is an immutable object: its data, which rules and reports may name, and its methods, by which a row becomes
what the model is fed. Each is compared with the real package in tests/trainers (LLaMA-Factory: tests/oracle).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from PIL import Image

    from validator.catalog.entry import Entry
    from validator.catalog.loader import Loader
    from validator.catalog.survey import Survey
    from validator.conversation.row_view import RowView
    from validator.conversation.sample import Sample
    from validator.facts.budget import Limits
    from validator.facts.record import MediaFacts, TurnFacts
    from validator.media.geometry import ImageLimits
    from validator.media.video_recipe import VideoRecipe
    from validator.settings import Settings
    from validator.storage.media_files import MediaFiles
    from validator.tokens.encode import EncodedTurn
    from validator.tokens.processor import Processor
    from validator.tokens.template import Template
    from validator.trainers.layout import Kept, Sizes, TokenSpan
    from validator.trainers.span_table import Ints, SpanTable
    from validator.trainers.tokenized import TokenizedFormat


@dataclass(frozen=True, slots=True)
class BatchRecipe:
    """How samples become a batch. It is padded to a multiple of `pad_to_multiple_of` tokens. `adds_fake_image`: a white
    picture is put into one without media. `masks_pads`: <|endoftext|> is masked wherever it stands.
    """

    pad_to_multiple_of: int
    adds_fake_image: bool
    masks_pads: bool


@dataclass(frozen=True, kw_only=True)
class Trainer(ABC):
    """A trainer, or one release of it."""

    name: str
    """As `--trainer` names it: the family, and its release where that is not the newest."""
    describes: str
    """For messages and reports."""
    formattings: tuple[str, ...]
    """Of registry entries, that it has a converter for."""
    options: frozenset[str]
    """The names of the settings that not every trainer has, and this one does."""
    defaults: Mapping[str, int] = field(hash=False)
    """Its `image_max_pixels` and `cutoff_len` where nothing is set."""
    min_pixels: int
    """Its `image_min_pixels` where nothing is set."""
    loader: Loader
    """What reads its data files."""
    video: VideoRecipe | None
    """How it samples videos; None where videos are not reproduced."""
    batch: BatchRecipe
    applies_exif: bool
    """Images are turned as their EXIF block says."""
    on_white: Literal["nothing", "rgba-and-colour", "all"]
    """Which images with transparency are put on white: those of mode RGBA and those without an alpha channel of which
    one colour is transparent, or all; the transparency of the others is dropped.
    """
    is_replayed: bool
    """Replay feeds a model as it does: `resize` is reproduced."""
    resizes_by_pillow: bool
    """`resize` needs nothing but Pillow, so that reports draw by it."""
    strict_placeholders: bool
    """It wants as many placeholders as media; else it adds those that are missing, and leaves surplus ones as text."""
    pairs_turns: bool
    """A row is questions and answers by turns, in the words that its entry gives for roles."""
    parses_tools: bool
    """Tools and calls are parsed and rewritten."""
    fills_objects: bool
    """References and boxes of a row are filled into its text."""
    mixes_modalities: bool
    """A batch may hold rows with images and rows without."""
    reads_whole_rows: bool
    """It looks at columns that the entry does not name, and at every key of its messages."""
    names_media_in_columns: bool
    """A row without media in the columns of its entry has none."""
    saves_images_again: bool
    """What its loader decodes of a column of images is saved again, in its own format, before it is fed."""
    first_is_label: bool
    """The first token of a row may be learned."""
    splits_at_answers: bool
    """Each answer is a sample of its own, with all that stands before it in the row."""
    feeds_long_rows: bool
    """A row above the cutoff is fed whole: neither cut, nor left out."""
    removes_cut_media: bool
    """A medium of which the cutoff takes a token is taken out: those of its tokens that are left are fed as the token
    of id 0, and not learned.
    """
    narrows_pixels: bool
    """It has no limits of pixels: those of the processor hold, and what is set here only narrows them."""
    mixes_times: bool
    """Videos of a row with several may be told with the frames and times of another."""
    stops_at_failures: bool
    """A row that fails stops it; else it is left out, or another takes its place."""
    stops_at_conversion: bool
    """A row that cannot be converted stops it."""
    tokenized: TokenizedFormat | None
    """How it keeps rows that it has preprocessed; None where that is not reproduced."""

    @property
    def family(self) -> str:
        """The name without its release."""
        return self.name.partition("@")[0]

    @property
    def leaves_out_long_rows(self) -> bool:
        """A row above the cutoff is left out, and not cut."""
        return self.too_long(1, 0) is not None

    def is_removed(self, span: TokenSpan, kept: int) -> bool:
        """Whether the medium of a span, of which so many tokens are kept, is taken out."""
        return self.removes_cut_media and span.kind != "text" and kept < span.num_tokens

    @abstractmethod
    def configured(self, settings: Settings) -> Trainer:
        """This trainer as the settings set it up."""

    @abstractmethod
    def view(self, entry: Entry, survey: Survey) -> RowView:
        """What its converter receives of the raw rows of a file."""

    @abstractmethod
    def sample(self, row: dict[str, Any], entry: Entry, files: MediaFiles) -> Sample:
        """What it makes of a row (as seen through `view`). Faults become problems of the sample; nothing is raised."""

    @abstractmethod
    def reads(self, entry: Entry) -> Callable[[str], bool]:
        """Which columns of an entry's files it reads: those that the entry names, and those that it knows by name."""

    @abstractmethod
    def template(self, processor: Processor, named: str | None) -> Template:
        """How it writes turns for a model, or by the template that is `named` where it has the option. Raises
        ValueError where that is not reproduced.
        """

    @abstractmethod
    def check(self, sample: Sample) -> None:
        """Its checks of media and placeholders, before or after it opens any image. Raises TrainerError."""

    @abstractmethod
    def writes_times(self, processor: Processor, named: str | None) -> bool:
        """`complete` writes when the frames of videos are shown: under the model, and the template that is `named`."""

    @abstractmethod
    def complete(self, sample: Sample, media: Sequence[MediaFacts], processor: Processor) -> None:
        """Fill in what depends on the media of a row, all of known size. Raises TrainerError and UnreadError."""

    @abstractmethod
    def check_encoded(self, sample: Sample, turns: Sequence[EncodedTurn], processor: Processor) -> None:
        """Its checks of the ids of a row, noted as problems of the sample."""

    @abstractmethod
    def spans(self, turns: Sequence[TurnFacts], sizes: Sizes, limits: Limits) -> list[TokenSpan]:
        """The tokens of an encoded row, in order, before it is cut. `sizes`: pads of each medium."""

    @abstractmethod
    def truncate(self, spans: Sequence[TokenSpan], limits: Limits) -> list[Kept]:
        """What is left of each span of a row above the cutoff."""

    @abstractmethod
    def span_table(self, spans: SpanTable, limits: Limits) -> SpanTable:
        """`spans` for many rows: the given table with its labels. It has none yet, one pad of each medium, and the
        vision markers of a medium in the text around it.
        """

    @abstractmethod
    def truncate_table(self, spans: SpanTable, limits: Limits) -> Ints:
        """`truncate` for many rows: the tokens that are left of each span. Rows up to the cutoff stay whole."""

    @abstractmethod
    def too_long(self, num_tokens: int, cutoff_len: int) -> str | None:
        """What a row above the cutoff fails with; None where it is cut."""

    @abstractmethod
    def unlearned(self, turns: Sequence[TurnFacts]) -> str | None:
        """Why a row of which no label is left is not fed; None where it is."""

    @abstractmethod
    def image_limits(self, settings: Settings, processor: Processor) -> ImageLimits:
        """The pixel limits of its own resizing and of the processor's."""

    @abstractmethod
    def with_max_pixels(self, limits: ImageLimits, max_pixels: int) -> ImageLimits:
        """The same limits under another `image_max_pixels`."""

    @abstractmethod
    def image_grid(self, width: int, height: int, limits: ImageLimits) -> tuple[int, int]:
        """Patches (rows, columns) of an image of a size in pixels. Raises ValueError where the trainer does."""

    @abstractmethod
    def frame_grid(self, width: int, height: int, frames: int, limits: ImageLimits) -> tuple[int, int]:
        """Patches (rows, columns) of each frame of a video of a number of frames. Raises ValueError where the trainer
        does.
        """

    @abstractmethod
    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """The size to which it resizes a frame of a video itself. Raises ValueError where a side becomes zero."""

    @abstractmethod
    def resize(self, image: Image.Image, limits: ImageLimits) -> Image.Image:
        """An opened image as it is given to the processor. Raises what the trainer's libraries raise."""

    @abstractmethod
    def resizer(self) -> str:
        """What resizes images here, where that is a library: for reports, with its version; "" where it is not."""
