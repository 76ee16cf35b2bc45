"""fastokens in the place of a slower encoder: the same function, which some thousand texts prove, made when it pays.

Making it takes a second and 100 MB, so a short run never does. Without the package, or where one text is encoded
otherwise, the slower encoder stays.
"""

from __future__ import annotations

import os
import random
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from validator.tokens.ids import Encoded, listed
from validator.tokens.vocabulary import SPLIT_PATTERN

MANY = 30_000
"""Rows whose texts take longer to encode than it takes to make fastokens' tokenizer."""
Encode = Callable[[str], Encoded]


class Hastening:
    """Encodes by `slow` until `patience` characters have passed, and then by something faster, where there is that and
    it is the same function. `prepare` makes the faster tokenizer, and texts that show whether it is.
    """

    def __init__(self, slow: Encode, prepare: Callable[[], tuple[Any, Iterable[str]]], patience: int) -> None:
        self._slow, self._prepare, self._patience = slow, prepare, patience
        self._fast: Encode | None = None
        self._begun = False

    def expect(self, rows: int) -> None:
        """Rows of a file of so many come next. Where these are MANY, and not the first, there is no patience left: the
        first are those by which a run's speed is measured.
        """
        if rows >= MANY and self._begun:
            self._patience = min(self._patience, 1)

    def told(self, characters: int) -> None:
        """About so many characters are all that come: what is made now pays, or never does."""
        if not self._begun and self._fast is None:
            self._patience = 1 if characters >= 2 * self._patience else max(self._patience, 2 * characters)

    def __call__(self, text: str) -> Encoded:
        """Encode `text`."""
        if self._fast is not None:
            try:
                return self._fast(text)
            except BaseException as error:  # it gives up at a text, or panics
                _raise_ends(error)
        elif self._patience > 0:
            self._begun = True
            self._patience -= len(text)
            if self._patience <= 0:
                self._fast = self._proven()
        return self._slow(text)

    def _proven(self) -> Encode | None:
        try:
            tokenizer, texts = self._prepare()
            fast: Encode = tokenizer.encode
            same = all(listed(fast(text)) == listed(self._slow(text)) for text in texts)
        except BaseException as error:  # no such package, a tokenizer of a kind that it does not know, a panic
            _raise_ends(error)
            return None
        return fast if same else None


def _raise_ends(error: BaseException) -> None:
    """A library's panic is no Exception, and neither is what ends this process."""
    if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
        raise error


def of_ranks(ranks: Mapping[bytes, int]) -> Any:
    """A tokenizer of fastokens by ranks, without normalisation and special tokens. Raises many kinds of exceptions."""
    from fastokens._native import Tokenizer

    file = os.memfd_create("ranks")  # it reads files alone
    try:
        with open(file, "wb", closefd=False) as lines:
            lines.writelines(b"%s %d\n" % (b64encode(token), rank) for token, rank in ranks.items())
        return Tokenizer.from_tiktoken(f"/proc/self/fd/{file}", pattern=SPLIT_PATTERN, special_tokens={})
    finally:
        os.close(file)


def of_json(tokenizer_json: str) -> Any:
    """A tokenizer of fastokens by what a tokenizer.json holds. Raises many kinds of exceptions."""
    from fastokens._native import Tokenizer

    tokenizer = Tokenizer.from_json_str(tokenizer_json)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


_PLANES = 0x32400, 0x110000
_SEAMS = (
    *("", " ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n", "\n ", "\u00a0", "\u3000", "\u2028", "\x85", "\x1c"),
    *(
        "a",
        "It",
        "HELLO",
        "ß",
        "ſ",
        "é",
        "e\u0301",
        "中文",
        "가",
        "\u1100\u1161\u11a8",
        "ก็",
        "हि",
        "ǅ",
        "ⅷ",
        "²",
        "\u200d",
    ),
    *("1", "23", "4567", "٣", "½", "'s", "'LL", "’t", "don't", "_", ".", "...", "!?", "，", "#%", "-", "=\u0338", "😀"),
    *("\0", "\x7f", "\ufeff", "\ufffd", "\ue000", "\u0eba\u0eca", "\u1ace\u0301\u0323"),
)
_RUNS = (" ", "\n", "\t", "a", "B", "1", "!", "中", "é", "\u0301", "\u00a0", " a", "\n ", "a1")


def specimens_of(words: Sequence[str], marks: Iterable[str]) -> Iterator[str]:
    """Texts by which two encoders are compared, always the same: characters of all scripts, what a pattern parts and
    what it does not, runs, words of the vocabulary in a row, and special tokens (`marks`) as text.
    """
    draw = random.Random(0)
    seams = (*_SEAMS, *marks)
    yield from ("", *seams, *words[:1000])
    for character in _RUNS:
        for length in (2, 3, 100, 5_000):
            yield f"x{character * length}y"
    for block in (*range(0, _PLANES[0], 128), *range(_PLANES[0], _PLANES[1], 1 << 14)):
        codes = (draw.randrange(block, block + 128) for _ in range(24))
        characters = [chr(code) for code in codes if not 0xD800 <= code < 0xE000]
        yield "".join(chain.from_iterable((character, draw.choice(("", "", *_SEAMS))) for character in characters))
    for _ in range(1500):
        yield "".join(draw.choices(seams, k=draw.randint(2, 30)))
    for _ in range(1000 if words else 0):
        yield "".join(draw.choices(words, k=draw.randint(2, 20)))
