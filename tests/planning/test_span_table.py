"""What a trainer makes of a table of spans is what it makes of the spans of each row: labels, and what is cut."""

import random
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pytest

from tests.tiers import many
from validator.facts.budget import kept_of, sizes_of
from validator.facts.recipe import limits_of
from validator.facts.record import MediaFacts, TurnFacts
from validator.facts.table import SAMPLES
from validator.planning.counts import Expanded
from validator.planning.laid_out import lay
from validator.records.image_probe import ImageProbe
from validator.settings import Settings
from validator.tokens.processor import load_processor
from validator.tokens.template import MediaSlot
from validator.trainers.layout import HEADS, OPEN, UNLEARNED, learned_word, masked_word
from validator.trainers.registry import trainer_named, trainers

VARIANTS = [
    *({"trainer": name} for name in trainers()),
    *({"trainer": "ms-swift", "truncation_strategy": strategy} for strategy in ("left", "right")),
    {"trainer": "unsloth", "train_on_responses_only": True},
    *({"trainer": "llamafactory", name: True} for name in ("mask_history", "train_on_prompt")),
]
NAMES = {-1: "text", 0: "image", 1: "video"}


def draw_turn(dice, role, kinds, media):
    """A turn that begins with a header of three tokens and ends with two, between which pads may stand in the text."""
    slots = []
    for kind in dice.choices(kinds, k=dice.choice((0, 0, 1, 2))):
        slots.append(MediaSlot(kind, sum(item.kind == kind for item in media)))
        probe = ImageProbe(width=dice.randrange(28, 400), height=dice.randrange(28, 400), frames=2)
        media.append(MediaFacts(kind=kind, index=slots[-1].index, written="", form="path", probe=probe))
    texts = [dice.choice((0, 1, 2, 30)) for _ in range(len(slots) + 1)]
    texts[0] += 3
    texts[-1] += 2
    inner = range(3, sum(texts) - 2)
    pads = dice.sample(inner, min(len(inner), dice.choice((0, 0, 1, 4))))
    cut = dice.randrange(len(pads) + 1)
    traits = dice.choice(((), (), (UNLEARNED,), (OPEN,), (OPEN, UNLEARNED)))
    if dice.random() < 0.4:  # learned parts, none of which touches another
        places = sorted(dice.sample(range(sum(texts) + 1), dice.choice((2, 2, 4))))
        traits += tuple(learned_word(*pair) for pair in zip(places[::2], places[1::2], strict=True))
    if dice.random() < 0.2:
        masked = sorted(dice.sample(range(sum(texts)), 3))
        traits += tuple(masked_word(place) for place in masked if place not in pads)
    if dice.random() < 0.1:
        traits += (dice.choice(HEADS[:3]),)
    return TurnFacts(
        0, role, tuple(slots), tuple(texts), tuple(sorted(pads[:cut])), tuple(sorted(pads[cut:])), traits=traits
    )


def draw_row(dice, kinds):
    roles = ["system"] * dice.randrange(2) + ["user", "assistant"] * dice.randrange(1, 5)
    media = []
    return [draw_turn(dice, role, kinds, media) for role in roles], media


def record(turns, media):
    """The columns of samples.parquet that a plan reads."""
    shown = [
        {"kind": item.kind, **{name: getattr(item.probe, name) for name in ("width", "height", "frames")}}
        for item in media
    ]
    return {"outcome": "ok", "refused": False, "turns": [asdict(turn) for turn in turns], "media": shown}


def merged(spans):
    """(turn, kind, is_label, tokens, kept tokens) of spans; neighbours alike in the first three are one."""
    alike = groupby((span for span in spans if span[3]), key=lambda span: span[:3])
    return [(*what, *map(sum, zip(*(span[3:] for span in some), strict=True))) for what, some in alike]


@pytest.mark.parametrize("given", VARIANTS, ids=lambda given: "-".join(map(str, given.values())))
def test_a_table_is_cut_as_its_rows_are(given):
    dice = random.Random(str(given))
    kinds = ("image", "video") if trainer_named(given["trainer"]).video else ("image",)
    rows = [draw_row(dice, kinds) for _ in range(many(150, 3000))]
    laid = lay(pa.RecordBatch.from_pylist([record(*row) for row in rows], schema=SAMPLES))
    for cutoff in (1, 20, 60, 200):
        settings = Settings(dataset_info=Path("x"), cutoff_len=cutoff, image_max_pixels=50_000, **given)
        limits = limits_of(settings, load_processor("embedded"))
        trainer = limits.trainer
        table = Expanded(laid, trainer.span_table(laid.spans, limits), limits, {}).spans
        columns = (table.turn, table.kind, table.is_label, table.num_tokens, trainer.truncate_table(table, limits))
        found = list(zip(*(column.tolist() for column in columns), strict=True))
        for row, (turns, media) in enumerate(rows):
            spans = trainer.spans(turns, sizes_of(media, limits), limits)
            wanted = [
                (span.turn, span.kind, span.is_label, span.num_tokens, stop - start)
                for span, (start, stop) in zip(spans, kept_of(spans, limits), strict=True)
            ]
            first, last = table.row_offsets[row : row + 2]
            before = table.turns.offsets[row]
            ours = [(turn - before, NAMES[kind], *rest) for turn, kind, *rest in found[first:last]]
            assert merged(ours) == merged(wanted), (given, cutoff, turns)
