"""The ids and labels themselves, as the trainer feeds them: facts need only counts, this proves them."""

from __future__ import annotations

from collections.abc import Sequence

from validator.catalog.json_rows import RawRow
from validator.conversation.sample import MediaKind, Sample
from validator.facts.budget import kept_of
from validator.facts.measure import Measurer
from validator.facts.record import Budget, RowFacts, TurnFacts
from validator.facts.settle import settle
from validator.tokens.encode import EncodedTurn, encode_turns, flatten
from validator.tokens.template import PAD_TOKENS

IGNORED = -100
"""The label of a token that is not learned."""


def training_ids(measurer: Measurer, raw: RawRow) -> tuple[list[int], list[int]] | None:
    """`input_ids` and `labels` of one row (equal lengths), None where the trainer yields none."""
    (facts,) = measurer.measure([raw])
    settle(facts, measurer.limits)
    if facts.budget is None:
        return None
    return lay_out(measurer, encoded_turns(measurer, measurer.convert(raw), facts), facts.turns, facts.budget)


def encoded_turns(measurer: Measurer, sample: Sample, facts: RowFacts) -> list[EncodedTurn]:
    """Every turn of a converted row that the trainer accepts; a system prompt comes first."""
    measurer.complete(sample, facts.media)
    return encode_turns(sample, measurer.processor, measurer.settings.default_system, measurer.template)


def lay_out(
    measurer: Measurer, encoded: Sequence[EncodedTurn], turns: Sequence[TurnFacts], budget: Budget
) -> tuple[list[int], list[int]]:
    """Fill the spans of a row, and take what the cutoff leaves of each: `input_ids` and `labels`."""
    limits, processor = measurer.limits, measurer.processor
    sizes: dict[MediaKind, Sequence[int]] = {"image": budget.image_tokens, "video": budget.video_tokens}
    one = {kind: [1] * len(some) for kind, some in sizes.items()}
    written = [token for turn in encoded for token in flatten(turn, processor, one)]
    pads = {kind: processor.token_id(token) for kind, token in PAD_TOKENS.items()}
    spans = limits.trainer.spans(turns, sizes, limits)
    ids: list[int] = []
    labels: list[int] = []
    place = 0
    for span, (start, stop) in zip(spans, kept_of(spans, limits), strict=True):
        if span.kind == "text":
            tokens = written[place + start : place + stop]
            place += span.num_tokens
        else:
            assert written[place] == pads[span.kind]
            tokens = [pads[span.kind]] * (stop - start)
            place += 1
        ids += tokens
        labels += tokens if span.is_label else [IGNORED] * len(tokens)
    assert place == len(written)
    return ids, labels if limits.trainer.first_is_label else [IGNORED, *labels[1:]]
