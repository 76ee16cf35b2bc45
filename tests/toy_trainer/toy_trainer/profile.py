"""The toy: its data and its methods. Where it does as another trainer does, it says so by name."""

from dataclasses import dataclass, replace

from validator.catalog.loader import DATASETS_4_0
from validator.conversation.row_view import view_of
from validator.media.geometry import ImageLimits, processor_grid
from validator.trainers.base import BatchRecipe, Trainer
from validator.trainers.chat_template import chat_template, check_parts
from validator.trainers.layout import add_turn
from validator.trainers.span_table import keep_first, sums
from validator.trainers.transformers.sample import convert

TEMPLATE = chat_template(("user", "assistant"))


@dataclass(frozen=True, kw_only=True)
class Toy(Trainer):
    def configured(self, settings):
        return self

    def view(self, entry, survey):
        return view_of(entry, survey)

    def sample(self, row, entry, files):
        return convert(row, entry, files)

    def reads(self, entry):
        return lambda name: name in entry.columns.values()

    def template(self, processor, named):
        return TEMPLATE

    def check(self, sample):
        check_parts(sample, TEMPLATE)

    def writes_times(self, processor, named):
        return False

    def complete(self, sample, media, processor):
        pass

    def check_encoded(self, sample, turns, processor):
        pass

    def spans(self, turns, sizes, limits):
        spans = []
        for place, turn in enumerate(turns):
            add_turn(spans, turn, place, sizes, turn.role == "assistant")
        return spans

    def truncate(self, spans, limits):
        """The end of the row stays."""
        left, kept = limits.cutoff_len, []
        for span in reversed(spans):
            stays = min(span.num_tokens, left)
            left -= stays
            kept.append((span.num_tokens - stays, span.num_tokens))
        return kept[::-1]

    def span_table(self, spans, limits):
        return replace(spans, is_label=spans.turns.is_answer[spans.turn])

    def truncate_table(self, spans, limits):
        lost = sums(spans.num_tokens, spans.row_offsets) - limits.cutoff_len
        return spans.num_tokens - keep_first(spans.num_tokens, spans.row_offsets, lost)

    def too_long(self, num_tokens, cutoff_len):
        return None

    def unlearned(self, turns):
        return None

    def image_limits(self, settings, processor):
        return ImageLimits(settings.image_max_pixels, settings.image_min_pixels, 28 * 28, 28 * 28 * 4)

    def with_max_pixels(self, limits, max_pixels):
        return limits

    def image_grid(self, width, height, limits):
        return processor_grid(width, height, limits)

    def frame_grid(self, width, height, frames, limits):
        return self.image_grid(width, height, limits)

    def frame_size(self, width, height):
        return width, height

    def resize(self, image, limits):
        return image

    def resizer(self):
        return ""


TRAINERS = (
    Toy(
        name="toy",
        describes="a toy",
        formattings=("sharegpt",),
        options=frozenset(),
        defaults={"image_max_pixels": 28 * 28 * 4, "cutoff_len": 20},
        min_pixels=28 * 28,
        loader=DATASETS_4_0,
        video=None,
        batch=BatchRecipe(pad_to_multiple_of=4, adds_fake_image=False, masks_pads=False),
        applies_exif=False,
        on_white="all",
        is_replayed=False,
        resizes_by_pillow=False,
        strict_placeholders=True,
        pairs_turns=False,
        parses_tools=False,
        fills_objects=False,
        mixes_modalities=False,
        reads_whole_rows=False,
        names_media_in_columns=True,
        saves_images_again=False,
        first_is_label=True,
        splits_at_answers=False,
        feeds_long_rows=False,
        removes_cut_media=False,
        narrows_pixels=False,
        stops_at_failures=False,
        stops_at_conversion=False,
        mixes_times=False,
        tokenized=None,
    ),
)
