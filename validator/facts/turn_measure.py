"""Measures the turns of one sample: what the text of each holds, and how many tokens it has between placeholders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain

from validator.conversation.sample import PLACEHOLDERS, MediaKind, Sample
from validator.facts.record import TurnFacts
from validator.facts.shapes import ShapeReader
from validator.facts.traits import ADDED, traits_of
from validator.tokens.encode import EncodedTurn
from validator.tokens.encoder import Encoder, common_prefix, special_pattern
from validator.trainers.layout import OPEN, UNLEARNED

NO_PLACEHOLDERS = (0, 0, 0)


class TurnMeasurer:
    """Measures turns. `pads` are the ids of the placeholders of patches."""

    def __init__(self, encoder: Encoder, pads: Mapping[MediaKind, int]) -> None:
        self._literal, self._pads = encoder.literal, pads
        self._special: Callable[[str], list[str]] = special_pattern(encoder.special_tokens).findall
        self._prefix = common_prefix(encoder.special_tokens)

    def measure(self, sample: Sample, encoded: list[EncodedTurn] | None) -> list[TurnFacts]:
        """The facts of all turns, the system prompt first. `encoded` is None where the trainer encodes nothing."""
        turns = []
        system = sample.system if isinstance(sample.system, str) else ""
        spoken: list[EncodedTurn | None] = [None] * len(sample.turns)
        opening = None
        if encoded:
            opening = encoded[0] if encoded[0].turn is None else None
            spoken = [item for item in encoded if item.turn is not None]
        if sample.system or opening is not None:
            turn = self._turn(sample.system_turn, "system", sample.system, opening)
            if isinstance(sample.tools, str) and "<" in sample.tools:
                turn.special_tokens = self._special_tokens(f"{system}\n{sample.tools}")
                if any(placeholder in sample.tools for placeholder in PLACEHOLDERS.values()):
                    turn.traits = (*turn.traits, "placeholder-in-tools")
            if sample.tools and ADDED not in turn.traits:  # among what is written about them
                turn.traits = (*turn.traits, ADDED)
            turn.traits = (*turn.traits, *sample.system_words)
            turns.append(turn)
        shapes = ShapeReader.of(sample)
        for said, item in zip(sample.turns, spoken, strict=True):
            turn = self._turn(said.index, said.role, said.content, item, system)
            if shapes is not None and isinstance(said.content, str):
                turn.shapes = shapes.read(said.content)
            if said.words or not (said.learned and said.ends):
                words = (UNLEARNED if not said.learned else "", OPEN if not said.ends else "", *said.words)
                turn.traits = (*turn.traits, *filter(None, words))
            turns.append(turn)
        return turns

    def _special_tokens(self, text: str) -> tuple[str, ...]:
        held = self._prefix[:1] in text and self._prefix in text  # one character is found ten times as fast as two
        return tuple(dict.fromkeys(self._special(text))) if held else ()

    def _turn(
        self, index: int | None, role: str, content: object, encoded: EncodedTurn | None, system: str = ""
    ) -> TurnFacts:
        text = content if isinstance(content, str) else ""
        special = self._special_tokens(text)
        images, videos = self._loose_pads(encoded, special) if encoded else ((), ())
        return TurnFacts(
            index,
            role,
            tuple(encoded.slots) if encoded else (),
            tuple(map(len, encoded.texts)) if encoded else None,
            images,
            videos,
            special,
            (text.count("<image>"), text.count("<video>"), text.count("<audio>")) if "<" in text else NO_PLACEHOLDERS,
            len(text),
            isinstance(content, str) and (not text or text.isspace()),
            traits_of(text, system if role == "assistant" else None),
        )

    def _loose_pads(self, encoded: EncodedTurn, special: tuple[str, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Places of image and video pads among the text tokens of a turn."""
        turn = encoded.turn
        # Calls and tools come out of JSON, and what turns with words hold may be a template's
        as_written = turn is not None and turn.role != "function" and not encoded.rewritten and not turn.words
        if self._literal and not (special if as_written else any(self._prefix in piece for piece in encoded.pieces)):
            return (), ()
        ids = list(chain.from_iterable(encoded.texts))
        image, video = self._pads["image"], self._pads["video"]
        return _places(image, ids), _places(video, ids)


def _places(wanted: int, ids: list[int]) -> tuple[int, ...]:
    return tuple([place for place, token in enumerate(ids) if token == wanted]) if wanted in ids else ()
