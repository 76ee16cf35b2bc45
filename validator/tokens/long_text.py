"""The ids of a text of millions of characters: counted, and made one part after the other where they are read.

A text is cut where the tokenizer's own pattern always ends a piece, so the parts' ids are the whole's (SPLIT_PATTERN:
no alternative goes on from a visible character to a space, from a Latin letter to another visible ASCII character that
is none, from a digit to anything, nor from the end of a line to a letter, and none looks back). All characters at a cut
are such as normalisation leaves alone, whatever stands beside them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import overload

from validator.tokens.long_word import Encode, is_long_word, windows_of

LONG_TEXT = 1 << 20
"""Characters from which on a text is long."""
PART = 1 << 18
"""Characters of a part, at least."""
_CUT = re.compile(r"(?<=[!-~])(?= )|(?<=[A-Za-z])(?=[!-@\[-`{-~])|(?<=[0-9])(?=[ -~])|(?<=\n)(?=[A-Za-z])")
_NO_LETTER = re.compile("[^A-Za-z]")
_WORD = re.compile(r"(?<=[!-~])(?= )")
_MIXED_SPACE = re.compile(r"[^!-~] ")
_LONGEST_WORD, _MOST_WORDS = 64, 1 << 16
"""Characters of a word whose number of ids is remembered, and how many of these are."""


def parts_of(text: str) -> Iterator[str]:
    """Cut a text into parts of about PART characters whose ids, one after the other, are those of the text. A long word
    is a part of its own.
    """
    begin = 0
    while begin < len(text):
        end = _next_cut(text, begin + PART)
        if end - begin > 2 * PART:  # what cannot be cut begins somewhere in it
            before = [cut.start() for cut in _CUT.finditer(text, begin + 1, begin + PART)]
            if before:
                yield text[begin : before[-1]]
                begin = before[-1]
        yield text[begin:end]
        begin = end


def _next_cut(text: str, begin: int) -> int:
    cut = _CUT.search(text, begin, begin + PART)
    if cut is None:  # none is within letters, over which the simpler pattern goes ten times as fast
        other = _NO_LETTER.search(text, begin)
        cut = None if other is None else _CUT.search(text, max(other.start() - 1, begin))
    return len(text) if cut is None else cut.start()


class WordCounts(dict[str, int]):
    """Numbers of ids by word; those of frequent words are found once. `bytes_of` gives what an id stands for."""

    def __init__(self, encode: Encode, bytes_of: Callable[[int], bytes]) -> None:
        super().__init__()
        self._encode, self._bytes_of = encode, bytes_of

    def __missing__(self, word: str) -> int:
        number = len(self._encode(word))
        if len(word) <= _LONGEST_WORD and len(self) < _MOST_WORDS:
            self[word] = number
        return number

    def count(self, text: str) -> int:
        """The number of ids of a text without special tokens."""
        return sum(map(self._count, parts_of(text)))

    def ids_of(self, part: str) -> Iterator[list[int]]:
        """The ids of a part, in lists that follow each other."""
        if is_long_word(part):
            return windows_of(part, self._encode, self._bytes_of)
        return iter((self._encode(part),))

    def _count(self, part: str) -> int:
        if is_long_word(part):
            return sum(map(len, self.ids_of(part)))
        if _MIXED_SPACE.search(part):
            words = Counter(_WORD.split(part))
        else:
            first, *rest = part.split(" ")  # a word is counted without the space that stands before it
            words = Counter(rest)
            words = Counter({f" {word}": number for word, number in words.items()})
            words[first] += 1
        if 4 * len(words) > words.total():
            return len(self._encode(part))
        return sum(number * self[word] for word, number in words.items())


class LongIds(Sequence[int]):
    """The ids of texts that follow each other, made anew each time they are read. `parts` gives an id for a special
    token and the text between two; `words` are of such a text.
    """

    def __init__(self, parts: Callable[[], Iterator[int | str]], words: WordCounts) -> None:
        self._parts, self._words = parts, words
        self._length = sum(1 if isinstance(part, int) else words.count(part) for part in parts())

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        for part in self._parts():
            if isinstance(part, int):
                yield part
            else:
                for text in parts_of(part):
                    yield from chain.from_iterable(self._words.ids_of(text))

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[int]: ...
    def __getitem__(self, place: int | slice) -> int | Sequence[int]:
        return list(self)[place]
