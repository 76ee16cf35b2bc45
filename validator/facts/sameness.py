"""Hashes by which rows are found that the trainer sees as equal."""

from __future__ import annotations

from collections.abc import Iterable

import xxhash

from validator.conversation.sample import Sample

_STEP = 1 << 20
"""Characters that are hashed at a time: no text is copied whole."""


def hashes_of(sample: Sample) -> tuple[str, str]:
    """Hashes of what is asked (all turns but the last, system prompt, tools, media by path or content) and of the last
    turn. 64 bits: among 100 million rows one pair of different ones is equal with a probability of 0.03 %.
    """
    turns = sample.turns
    asked: list[object] = [sample.system, sample.tools]
    for turn in turns[:-1]:
        asked += (turn.role, turn.content)
    for references in sample.media.values():
        for reference in references:
            data = reference.data
            asked.append(reference.written if data is None else xxhash.xxh3_128_hexdigest(data))
    return _hash(asked), _hash([turns[-1].content])


def _hash(parts: Iterable[object]) -> str:
    """Of parts with their lengths, so that moving text from one to the next makes a difference."""
    short = []
    hashed = xxhash.xxh3_64()
    for part in parts:
        text = part if isinstance(part, str) else str(part or "")
        short.append(f"{len(text)}:")
        if len(text) <= _STEP:
            short.append(text)
            continue
        hashed.update("".join(short).encode("utf-8", "surrogatepass"))
        short = []
        for begin in range(0, len(text), _STEP):
            hashed.update(text[begin : begin + _STEP].encode("utf-8", "surrogatepass"))
    hashed.update("".join(short).encode("utf-8", "surrogatepass"))
    return hashed.hexdigest()
