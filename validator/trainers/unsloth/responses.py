"""Which tokens `train_on_responses_only` learns, with Qwen's instruction and response parts (`<|im_start|>user` and
`<|im_start|>assistant`, each with a line feed): what stands behind the tokens of an answer's header, up to the next
`<|im_end|>`, which is learned too, or before the next `<|im_start|>`. Whoever wrote the header: a text may hold it.

Source: unsloth_zoo 2026.10.9 `dataset_utils.py`, `train_on_responses_only` with `force_match`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from validator.conversation.sample import Sample
from validator.tokens.encode import EncodedTurn
from validator.tokens.ids import as_list
from validator.tokens.processor import Processor
from validator.tokens.template import HEADER, SYSTEM
from validator.trainers.layout import HEADER_TOKENS, learned_word
from validator.trainers.transformers.template import APART

AFTER_END = 1
"""Tokens of an answer behind its end."""
_MARK = "<|im_"
"""What both control tokens begin with."""
_MEDIUM = -1
"""Stands for a medium among ids."""
Interval = tuple[int, int]
"""The first token and the one behind the last, among the text tokens of a turn."""


def standard(num_tokens: int) -> Interval:
    """What is learned of an answer of so many text tokens where nothing is out of the ordinary: all but its header and
    the line feed behind its end.
    """
    return HEADER_TOKENS, num_tokens - AFTER_END


def note_learned(sample: Sample, turns: Sequence[EncodedTurn], processor: Processor) -> None:
    """Give turns of which something else is learned than of most (an answer: `standard`, others: nothing) words that
    say what; note answers that are not found.
    """
    if any(_is_odd(turn) for turn in turns):
        _note_odd(sample, turns, processor)
        return
    for turn in turns:
        if turn.turn is not None and APART in turn.turn.words:
            turn.turn.words = (*turn.turn.words, learned_word(0, sum(map(len, turn.texts)) - AFTER_END))


def _is_odd(turn: EncodedTurn) -> bool:
    """Control tokens stand in the text, or the line feed at the end of an answer's header may be one token with the
    white space that it begins with.
    """
    said = turn.turn
    if said is None:  # its pieces hold what is written around it
        return sum([piece.count(_MARK) for piece in turn.pieces]) > SYSTEM[0].count(_MARK) + SYSTEM[1].count(_MARK)
    if any(["<" in piece and _MARK in piece for piece in turn.pieces]):  # noqa: C419  # faster than a generator
        return True
    return said.role == "assistant" and turn.pieces[0][:1].isspace() and APART not in said.words


def _note_odd(sample: Sample, turns: Sequence[EncodedTurn], processor: Processor) -> None:
    rows = [[*_ids_of(turn)] for turn in turns]
    header, end = as_list(processor.encoder.encode(HEADER)), processor.token_id("<|im_end|>")
    for turn, ids, learned in zip(turns, rows, _learned(rows, header, end), strict=True):
        said = turn.turn
        is_answer = said is not None and said.role == "assistant"
        if learned == ([standard(len(ids) - len(turn.slots))] if is_answer else []):
            continue
        words = tuple(learned_word(*interval) for interval in learned or [(0, 0)])
        if said is None:
            sample.system_words = words
            continue
        if is_answer and said.learned and APART not in said.words and ids[:HEADER_TOKENS] != header:
            sample.note("answer-not-found", said.index, "")
        said.words = (*said.words, *words)


def _ids_of(turn: EncodedTurn) -> Iterator[int]:
    for number, text in enumerate(turn.texts):
        if number:
            yield _MEDIUM
        yield from as_list(text)


def _learned(turns: Sequence[Sequence[int]], header: Sequence[int], end: int) -> Iterator[list[Interval]]:
    """The intervals of each turn of a row."""
    row = [token for ids in turns for token in ids]
    learns, place, answer = False, 0, -1
    for ids in turns:
        found: list[Interval] = []
        begun = at = 0
        for token in ids:
            if place == answer:
                learns, begun = True, at
            if token == header[0]:
                if learns and at > begun:
                    found.append((begun, at))
                learns = False
                if row[place : place + len(header)] == header:
                    answer = place + len(header)
            at += token != _MEDIUM
            if learns and token == end:
                found.append((begun, at))
                learns = False
            place += 1
        if learns and at > begun:
            found.append((begun, at))
        yield found
