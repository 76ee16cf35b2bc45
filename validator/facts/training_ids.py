"""The ids and labels themselves, as the trainer feeds them: facts need only counts, this proves them."""

from __future__ import annotations

from collections.abc import Sequence

from validator.catalog.json_rows import RawRow
from validator.conversation.sample import Sample
from validator.facts.budget import kept_of, sizes_of
from validator.facts.measure import Measurer
from validator.facts.record import RowFacts, TurnFacts
from validator.facts.settle import settle
from validator.tokens.encode import EncodedTurn, encode_turns, flatten
from validator.tokens.template import PAD_TOKENS
from validator.trainers.layout import Sizes, TokenSpan

IGNORED = -100
"""The label of a token that is not learned."""


def training_ids(measurer: Measurer, raw: RawRow) -> tuple[list[int], list[int]] | None:
    """`input_ids` and `labels` of one row (equal lengths), None where the trainer yields none."""
    (facts,) = measurer.measure([raw])
    settle(facts, measurer.limits)
    if facts.budget is None:
        return None
    encoded = encoded_turns(measurer, measurer.convert(raw), facts)
    return lay_out(measurer, encoded, facts.turns, sizes_of(facts.media, measurer.limits))


def encoded_turns(measurer: Measurer, sample: Sample, facts: RowFacts) -> list[EncodedTurn]:
    """Every turn of a converted row that the trainer accepts; a system prompt comes first."""
    measurer.complete(sample, facts.media)
    return encode_turns(sample, measurer.processor, measurer.settings.default_system, measurer.template)


def lay_out(
    measurer: Measurer, encoded: Sequence[EncodedTurn], turns: Sequence[TurnFacts], sizes: Sizes
) -> tuple[list[int], list[int]]:
    """Fill the spans of a row, and take what the cutoff leaves of each: `input_ids` and `labels`. `sizes`: the pads of
    each medium.
    """
    ids, pieces, learned = laid_out(measurer, encoded, turns, sizes)
    labels: list[int] = []
    for length, is_label in zip(pieces, learned, strict=True):
        labels += ids[len(labels) : len(labels) + length] if is_label else [IGNORED] * length
    return ids, labels


def laid_out(
    measurer: Measurer, encoded: Sequence[EncodedTurn], turns: Sequence[TurnFacts], sizes: Sizes
) -> tuple[list[int], list[int], list[bool]]:
    """The `input_ids` of a row, the lengths of the pieces that they consist of, and which pieces are learned."""
    limits, processor = measurer.limits, measurer.processor
    spans = limits.trainer.spans(turns, sizes, limits)
    lengths = [span.num_tokens for span in spans]
    ids: list[int] = []
    loose = any(turn.loose_pads or turn.loose_video_pads for turn in turns)  # which some trainers give to media
    if sum(lengths) <= limits.cutoff_len and not loose:
        for turn in encoded:
            ids += flatten(turn, processor, sizes)
        assert len(ids) == sum(lengths)
        pieces, learned = lengths, [span.is_label for span in spans]
    else:
        ids, pieces = _span_by_span(measurer, encoded, spans, sizes)
        trainer = limits.trainer
        learned = [
            span.is_label and not trainer.is_removed(span, tokens) for span, tokens in zip(spans, pieces, strict=True)
        ]
    if not limits.trainer.first_is_label and ids:
        first = next(place for place, length in enumerate(pieces) if length)
        pieces[first : first + 1] = 1, pieces[first] - 1
        learned.insert(first, False)
    return ids, pieces, learned


def _span_by_span(
    measurer: Measurer, encoded: Sequence[EncodedTurn], spans: Sequence[TokenSpan], sizes: Sizes
) -> tuple[list[int], list[int]]:
    """The ids that the cutoff leaves, and how many of each span."""
    processor = measurer.processor
    one = {kind: [1] * len(some) for kind, some in sizes.items()}
    written: list[int] = []
    for turn in encoded:
        written += flatten(turn, processor, one)
    pads = {kind: processor.token_id(token) for kind, token in PAD_TOKENS.items()}
    ids: list[int] = []
    pieces = []
    place = 0
    for span, (start, stop) in zip(spans, kept_of(spans, measurer.limits), strict=True):
        if span.kind == "text":
            ids += written[place + start : place + stop]
            place += span.num_tokens
        else:
            assert written[place] == pads[span.kind]
            removed = measurer.limits.trainer.is_removed(span, stop - start)
            ids += [0 if removed else pads[span.kind]] * (stop - start)
            place += 1
        pieces.append(stop - start)
    assert place == len(written)
    return ids, pieces
