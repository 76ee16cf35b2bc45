"""Long runs of white space: what the trainer's tokenizer cannot take, and the ids of what it can.

Its pattern (SPLIT_PATTERN) goes back over white space that no line end follows, a character at a time, and its regex
engine, Oniguruma, gives up after 10 million such steps ("retry-limit-in-match over"). The library then panics, with an
exception that no `except Exception` holds back. Measured with tokenizers 0.22.2: from 9,999,983 characters on before a
visible one, and from 9,999,984 on at the end of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LONG = 500_000
"""Characters of white space in a row: with a million, tiktoken's pattern matcher overflows its stack."""
MOST = 9_999_982
"""Characters of white space before a visible one that the tokenizer takes."""
_STRETCH = re.compile("[^\\S\r\n\x1c-\x1f]+")
_SPACES = re.compile(r"(?<![^\r\n!-~]) +(?![^!-~])")
"""Spaces of which the border is clear: letters and signs of ASCII stand around them, or the end of a line before them.
"""


class PanicException(Exception):  # noqa: N818 - the library's own name for it
    """The trainer's tokenizer panics at a text, which ends the trainer."""


def is_spacious(text: str) -> bool:
    """Whether there may be LONG characters of white space in a row: they would fill one of these windows."""
    half = LONG // 2
    return any(text[begin : begin + half].isspace() for begin in range(0, len(text) - half + 1, half))


def check_spaces(text: str) -> None:
    """Raise PanicException where the trainer's tokenizer panics: at a text, between special tokens, with too much white
    space in a row.
    """
    for match in _STRETCH.finditer(text):
        begin, end = match.span()
        if end - begin > MOST + (end == len(text)) and text[end : end + 1] not in ("\r", "\n"):
            what = f"{end - begin:,} characters of white space in a row"
            raise PanicException(f"retry-limit-in-match over ({what})")


def apart(text: str) -> Iterator[tuple[int, int, bool]]:
    """Where parts of a text begin and end whose ids follow each other, and whether one is spaces alone, LONG or more of
    them: one piece for the pattern. The last space before a word goes with that.
    """
    begin = 0
    for match in _SPACES.finditer(text):
        first, end = match.start(), match.end() - (match.end() < len(text))
        if end - first >= LONG:
            if first > begin:
                yield begin, first, False
            yield first, end, True
            begin = end
    if begin < len(text):
        yield begin, len(text), False
