"""Hashes by which rows are found that the trainer sees as equal."""

from __future__ import annotations

import xxhash

from validator.conversation.sample import Sample


def hashes_of(sample: Sample) -> tuple[str, str]:
    """Hashes of what is asked (all turns but the last, system prompt, tools, media by path or content) and of the last
    turn. 64 bits: among 100 million rows one pair of different ones is equal with a probability of 0.03 %.
    """
    turns = sample.turns
    asked = xxhash.xxh3_64()
    for part in (sample.system, sample.tools):
        asked.update(_bytes(part))
    for turn in turns[:-1]:
        asked.update(_bytes(turn.role))
        asked.update(_bytes(turn.content))
    for references in sample.media.values():
        for reference in references:
            asked.update(_bytes(reference.written if reference.data is None else reference.data))
    return asked.hexdigest(), xxhash.xxh3_64_hexdigest(_bytes(turns[-1].content))


def _bytes(part: object) -> bytes:
    """A part with its length, so that moving text from one to the next makes a difference."""
    data = part if isinstance(part, bytes) else str(part or "").encode("utf-8", "surrogatepass")
    return b"%d:" % len(data) + data
