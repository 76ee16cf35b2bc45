"""unsloth's collator learns all text, questions too, but no token of vision; of prompts and completions the completion
alone; and with `train_on_responses_only` answers alone. Rows are cut at their end. Source: unsloth_zoo 2026.10.9
`vision_utils.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from validator.trainers.layout import (
    HEADER_TOKENS,
    UNLEARNED,
    Sizes,
    TokenSpan,
    add_turn,
    heads_of,
    learned_of,
    masked_of,
)
from validator.trainers.span_table import TEXT, Flags, Ints, is_first, offsets_of, sums
from validator.trainers.unsloth.responses import AFTER_END, Interval, standard

if TYPE_CHECKING:
    from validator.facts.record import TurnFacts
    from validator.trainers.span_table import SpanTable


def spans(turns: Sequence[TurnFacts], sizes: Sizes, *, responses: bool) -> list[TokenSpan]:
    """Text is a label, the vision markers around pads and the pads themselves are not. `HEADS`: tokens of a completion
    that stand before it. The system prompt is learned where no turn is left out, or where its text holds an answer.
    `responses`: of all that, answers alone.
    """
    heads = heads_of(turns)
    masked = any(heads) or any(UNLEARNED in turn.traits for turn in turns)
    made: list[TokenSpan] = []
    for place, (turn, head) in enumerate(zip(turns, heads, strict=True)):
        own: list[TokenSpan] = []
        add_turn(own, turn, place, sizes, is_label=False)
        number = sum(turn.text_tokens or (0,))
        learned: Sequence[Interval] = ((head, number),)
        if UNLEARNED in turn.traits or (masked and place == 0 and turn.role == "system"):
            learned = ()
        elif responses:
            learned = [(max(start, head), stop) for start, stop in _answers(turn, number)]
        if turn.traits and (masked_tokens := masked_of(turn.traits)):
            learned = [*_without(learned, masked_tokens)]
        if len(own) == 1 and (not learned or learned == ((0, number),)):  # most turns
            own[0].is_label = bool(learned) and own[0].kind == "text" and own[0].num_tokens > 0
            made += own
        elif learned:
            made += _split(own, learned)
        else:
            made += own
    return made


def _answers(turn: TurnFacts, num_tokens: int) -> list[Interval]:
    """What `train_on_responses_only` learns of a turn of so many text tokens."""
    return learned_of(turn.traits) or ([standard(num_tokens)] if turn.role == "assistant" else [])


def _without(intervals: Sequence[Interval], masked: Sequence[int]) -> Iterator[Interval]:
    """Intervals without some tokens, all in order."""
    for start, stop in intervals:
        for token in masked:
            if start <= token < stop:
                yield start, token
                start = token + 1
        yield start, stop


def _split(own: Sequence[TokenSpan], learned: Sequence[Interval]) -> Iterator[TokenSpan]:
    """The spans of a turn of which some text tokens are learned, but no vision marker."""
    seen = 0
    for index, span in enumerate(own):
        if span.kind != "text":
            seen += span.medium is None
            yield span
            continue
        before, behind = (own[index - 1] if index else None), (own[index + 1] if index + 1 < len(own) else None)
        marker = int(before is not None and before.medium is not None)
        first, last = int(before is not None), span.num_tokens - int(behind is not None)
        at = 0
        for start, stop in learned:
            start, stop = max(start - seen + marker, first, at), min(stop - seen + marker, last)
            if start < stop:
                yield from (replace(span, num_tokens=start - at),) if start > at else ()
                yield replace(span, num_tokens=stop - start, is_label=True)
                at = stop
        if at < span.num_tokens or not span.num_tokens:
            yield replace(span, num_tokens=span.num_tokens - at)
        seen += span.num_tokens - marker - int(behind is not None and behind.medium is not None)


def span_table(spans: SpanTable, *, responses: bool) -> SpanTable:
    """`spans` for many rows."""
    turns, turn = spans.turns, spans.turn
    masked = sums(turns.is_unlearned | (turns.head > 0), turns.offsets) > 0
    learned = ~turns.is_unlearned & ~(turns.is_system & (turns.before == 0) & masked[turns.row])
    if responses or len(turns.masked[0]):
        return _cut(spans, learned, responses=responses)
    split = learned[turn] & (spans.kind == TEXT)
    first, last = _without_markers(spans)
    head = np.where(split, np.where(is_first(turn), turns.head[turn], first), 0)
    head = np.minimum(head, spans.num_tokens)
    tail = np.minimum(np.where(split, spans.num_tokens - last, 0), spans.num_tokens - head)
    nothing = np.zeros(len(turn), bool)
    return spans.split(head, tail, (nothing, split, nothing))


def _without_markers(spans: SpanTable) -> tuple[Ints, Ints]:
    """Of each span of text, the first token that is no vision marker, and the one behind the last: beside pads stands
    one. Of pads neither matters.
    """
    turn, pads = spans.turn, (spans.kind != TEXT).astype(np.int64)
    begins = is_first(turn)
    behind_pads = np.where(begins, 0, np.roll(pads, 1))
    before_pads = np.where(np.append(begins[1:], True), 0, np.roll(pads, -1))
    return behind_pads, spans.num_tokens - before_pads


def _cut(spans: SpanTable, learned: Flags, *, responses: bool) -> SpanTable:
    """Spans of text cut where what is learned begins and ends. `learned` (turns,): some of it may be.

    Places are counted among all tokens of the table, `text` ones among those of text that no slot brings.
    """
    turns, turn, is_text = spans.turns, spans.turn, spans.kind == TEXT
    slots = (spans.medium >= 0).astype(np.int64)
    begins = is_first(turn)
    marker = np.where(is_text & ~begins, np.roll(slots, 1), 0)
    behind = np.where(is_text & np.append(~begins[1:], False), np.roll(slots, -1), 0)
    text = offsets_of(np.where(slots > 0, 0, spans.num_tokens - marker - behind))
    first_text = text[spans.offsets]
    number = np.diff(first_text)

    of, start, stop = np.arange(len(number)), np.zeros_like(number), number
    if responses:
        said, *some_learned = turns.learned
        usual = np.flatnonzero(turns.is_answer & (np.bincount(said, minlength=len(number)) == 0))
        own = np.full(len(usual), HEADER_TOKENS), number[usual] - AFTER_END
        of, start, stop = map(np.concatenate, zip((said, *some_learned), (usual, *own), strict=True))
    start, stop = np.maximum(start, turns.head[of]), np.minimum(stop, number[of])
    some = np.flatnonzero(learned[of] & (start < stop))
    some = some[np.lexsort((start[some], of[some]))]
    start, stop = ((first_text[of] + places)[some] for places in (start, stop))

    of_masked, masked = turns.masked
    masked = first_text[of_masked] + masked

    place = offsets_of(spans.num_tokens)
    at_start, at_stop = np.searchsorted(text, start, "right") - 1, np.searchsorted(text, stop, "left") - 1
    start, stop = (place[at] + marker[at] + places - text[at] for at, places in ((at_start, start), (at_stop, stop)))
    at = np.searchsorted(text, masked, "right") - 1
    masked = place[at] + marker[at] + masked - text[at]
    first, last = (place[:-1] + inner for inner in _without_markers(spans))
    first, last = np.minimum(first, place[1:]), np.maximum(last, place[:-1])
    cuts = np.unique(np.concatenate((place, start, stop, masked, masked + 1, first, last)))
    pieces = cuts[:-1]
    span = np.searchsorted(place, pieces, "right") - 1
    within = np.searchsorted(start, pieces, "right") > np.searchsorted(stop, pieces, "right")
    within &= ~np.isin(pieces, masked)
    return replace(
        spans,
        offsets=np.searchsorted(pieces, place[spans.offsets]),
        kind=spans.kind[span],
        medium=spans.medium[span],
        num_tokens=np.diff(cuts),
        is_label=within & is_text[span] & (first[span] <= pieces) & (pieces < last[span]),
    )
