"""Hashes by which rows are found that the trainer sees as equal."""

from __future__ import annotations

import xxhash

from validator.conversation.sample import Sample


def hashes_of(sample: Sample) -> tuple[str, str]:
    """Hashes of what is asked (all turns but the last, system prompt, tools, media by path or content) and of the last
    turn. 64 bits: among 100 million rows one pair of different ones is equal with a probability of 0.03 %.
    """
    turns = sample.turns
    asked = [_part(sample.system), _part(sample.tools)]
    for turn in turns[:-1]:
        asked += (_part(turn.role), _part(turn.content))
    for references in sample.media.values():
        for reference in references:
            data = reference.data
            asked.append(_part(reference.written if data is None else xxhash.xxh3_128_hexdigest(data)))
    return _hash("".join(asked)), _hash(_part(turns[-1].content))


def _part(part: object) -> str:
    """A part with its length, so that moving text from one to the next makes a difference."""
    text = part if isinstance(part, str) else str(part or "")
    return f"{len(text)}:{text}"


def _hash(text: str) -> str:
    return xxhash.xxh3_64_hexdigest(text.encode("utf-8", "surrogatepass"))
