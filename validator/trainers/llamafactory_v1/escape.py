"""Special tokens that stand in the text are broken up, so that they stay text.

Source: llamafactory-kt 0.9.6.dev0 `v1/core/rendering/escape.py`.
"""

from __future__ import annotations

from validator.conversation.sample import Sample
from validator.tokens.vocabulary import SPECIAL_TOKENS

BREAK = "\u200b"
"""A space without width: put behind the first character of a special token."""
_LONGEST_FIRST = sorted(SPECIAL_TOKENS, key=len, reverse=True)


def broken_up(text: str, index: int, sample: Sample) -> str:
    """A text of a turn without special tokens of the model; those that it had are noted."""
    if "<|" not in text:
        return text
    met = [word for word in _LONGEST_FIRST if word in text]
    for word in met:
        text = text.replace(word, f"{word[0]}{BREAK}{word[1:]}")
    if met:
        sample.note("tokens-broken-up", index, ", ".join(met))
    return text
