"""Vision markers that stand around a whole video, where each two of its frames have their own: never learned."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from validator.tokens.encode import EncodedTurn
from validator.tokens.processor import Processor
from validator.tokens.template import VISION_END, VISION_START
from validator.trainers.layout import masked_word


def note_markers(turns: Sequence[EncodedTurn], processor: Processor) -> None:
    """Give turns with videos, whose model is told when their frames are shown, words for the places of such markers."""
    markers = processor.token_id(VISION_START), processor.token_id(VISION_END)
    for turn in turns:
        if turn.turn is not None and any(slot.kind == "video" for slot in turn.slots):
            ids = chain.from_iterable(turn.texts)
            words = (masked_word(place) for place, token in enumerate(ids) if token in markers)
            turn.turn.words = (*turn.turn.words, *words)
