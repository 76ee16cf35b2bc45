"""The ids of a text of millions of characters: counted, and made one part after the other where they are read.

A text is cut where the tokenizer's own pattern always ends a piece, so the parts' ids are the whole's (SPLIT_PATTERN:
no alternative goes on from a visible character to a space, from a Latin letter to another visible ASCII character that
is none, from a digit to anything, nor from the end of a line to a letter, and none looks back). All characters at a cut
are such as normalisation leaves alone, whatever stands beside them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np
import pyarrow as pa

from validator.tokens.ids import LazyIds
from validator.tokens.long_word import Encode, is_long_word, windows_of

LONG_TEXT = 1 << 20
"""Characters from which on a text is long."""
PART = 1 << 21
"""Characters of a part, at least."""
Span = tuple[int, int]
"""Where a part of a text begins and ends: it is copied where it is encoded."""
_CUT = re.compile(r"(?<=[!-~])(?= )|(?<=[A-Za-z])(?=[!-@\[-`{-~])|(?<=[0-9])(?=[ -~])|(?<=\n)(?=[A-Za-z])")
_NO_LETTER = re.compile("[^A-Za-z]")
_LONGEST_WORD, _MOST_WORDS = 64, 1 << 17
"""Bytes of a word whose number of ids is remembered, and how many of these are."""


def parts_of(text: str, begin: int, stop: int) -> Iterator[Span]:
    """Cut what stands between two places of a text into parts of about PART characters whose ids, one after the other,
    are those of the whole. A long word is a part of its own.
    """
    while begin < stop:
        end = _next_cut(text, begin + PART, stop)
        if end - begin > 2 * PART:  # what cannot be cut begins somewhere in it
            before = [cut.start() for cut in _CUT.finditer(text, begin + 1, begin + PART)]
            if before:
                yield begin, before[-1]
                begin = before[-1]
        yield begin, end
        begin = end


def _next_cut(text: str, begin: int, stop: int) -> int:
    cut = _CUT.search(text, begin, min(begin + PART, stop))
    if cut is None:  # none is within letters, over which the simpler pattern goes ten times as fast
        other = _NO_LETTER.search(text, begin, stop)
        cut = None if other is None else _CUT.search(text, max(other.start() - 1, begin), stop)
    return stop if cut is None else cut.start()


class WordCounts(dict[bytes, int]):
    """Numbers of ids by word in UTF-8; those of frequent words are found once. `bytes_of` tells an id's bytes."""

    def __init__(self, encode: Encode, bytes_of: Callable[[int], bytes]) -> None:
        super().__init__()
        self._encode, self._bytes_of = encode, bytes_of

    def count(self, text: str, begin: int, stop: int) -> int:
        """The number of ids of what stands between two places of a text, which holds no special token."""
        return sum(self._count(text, *span) for span in parts_of(text, begin, stop))

    def ids_of(self, text: str, begin: int, stop: int) -> Iterator[list[int]]:
        """The ids of a part of a text, in lists that follow each other."""
        if is_long_word(text, begin, stop):
            return windows_of(text, begin, stop, self._encode, self._bytes_of)
        return iter((self._encode(text[begin:stop]),))

    def _count(self, text: str, begin: int, stop: int) -> int:
        if is_long_word(text, begin, stop):
            return sum(map(len, self.ids_of(text, begin, stop)))
        words, ends = _words_of(text[begin:stop].encode())
        counted = sum(len(self._encode(end.decode())) for end in ends)
        once = []
        for word, number in words.items():
            known = self.get(word)
            if known is None:
                if number == 1:
                    once.append(word)
                    continue
                known = len(self._encode(word.decode()))
                if len(word) <= _LONGEST_WORD and len(self) < _MOST_WORDS:
                    self[word] = known
            counted += number * known
        return counted + len(self._encode(b"".join(once).decode()))


def _words_of(part: bytes) -> tuple[dict[bytes, int], list[bytes]]:
    """The words of a text in UTF-8 and how often each is there, but for its beginning and its end, which come apart. A
    word begins with a space and ends with the visible character before the next, so in any order their ids are those of
    each.
    """
    characters = np.frombuffer(part, np.uint8)
    before = characters[:-1]
    spaces = np.flatnonzero((characters[1:] == ord(" ")) & (before > ord(" ")) & (before <= ord("~"))) + 1
    if not len(spaces):
        return {}, [part]
    places = pa.py_buffer(spaces.astype(np.int32))
    words = pa.Array.from_buffers(pa.binary(), len(spaces) - 1, [None, places, pa.py_buffer(part)])
    found = words.value_counts()
    numbers = dict(zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True))
    return numbers, [part[: spaces[0]], part[spaces[-1] :]]


class LongIds(LazyIds):
    """The ids of a long text, made anew each time they are read. `parts` gives ids, such as those of special tokens,
    and from where to where the text between two reaches.
    """

    def __init__(self, text: str, parts: Callable[[], Iterator[int | Span]], words: WordCounts) -> None:
        self._text, self._parts, self._words = text, parts, words
        self._length = sum(1 if isinstance(part, int) else words.count(text, *part) for part in parts())

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        for part in self._parts():
            if isinstance(part, int):
                yield part
            else:
                for span in parts_of(self._text, *part):
                    yield from chain.from_iterable(self._words.ids_of(self._text, *span))
