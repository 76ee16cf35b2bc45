"""The ids of one word of millions of letters, window after window.

A tokenizer gives a word to byte pair encoding whole, which takes memory of some 60 times its length. But an encoding is
the one sequence of tokens of which every two neighbours, encoded together, are those two (each pair of neighbours
decides for itself: github/rust-gems, crate `bpe`). So windows are encoded apart and joined where two tokens are such
neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

WINDOW, MARGIN = 1 << 13, 1 << 8
"""Letters that are encoded together, and how far from the end of a window its tokens are those of the word, mostly."""
_WORD = re.compile(" ?[A-Za-z]+")
"""One piece for the tokenizer's pattern (SPLIT_PATTERN), and so is every part of it."""
Encode = Callable[[str], list[int]]


def is_long_word(text: str, begin: int, stop: int) -> bool:
    """Whether what stands between two places of a text is one word of so many letters that it is encoded in windows."""
    return stop - begin > 2 * WINDOW and _WORD.fullmatch(text, begin, stop) is not None


def windows_of(
    text: str, begin: int, stop: int, encode: Encode, bytes_of: Callable[[int], bytes]
) -> Iterator[list[int]]:
    """The ids of a word (`is_long_word`), in lists that follow each other. `encode` is of a text without special
    tokens, `bytes_of` gives what an id stands for.
    """
    known = lru_cache(4)(encode)  # a window is looked at twice, and the windows of one letter are alike

    def are_neighbours(left: int, right: int) -> bool:
        return encode((bytes_of(left) + bytes_of(right)).decode("ascii")) == [left, right]

    while stop - begin > 2 * WINDOW:
        ids = known(text[begin : begin + WINDOW])
        kept, end = len(ids), begin + WINDOW
        while kept and end > begin + WINDOW - MARGIN:
            kept -= 1
            end -= len(bytes_of(ids[kept]))
        while kept and not are_neighbours(ids[kept - 1], known(text[end : end + WINDOW])[0]):
            kept -= 1
            end -= len(bytes_of(ids[kept]))
        if not kept:
            break
        yield ids[:kept]
        begin = end
    yield encode(text[begin:stop])
