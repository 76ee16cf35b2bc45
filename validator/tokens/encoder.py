"""Text -> ids, identical to `tokenizer.encode(text, add_special_tokens=False)` of the Qwen2 tokenizer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Protocol

import tiktoken

from validator.tokens.vocabulary import SPLIT_PATTERN


class Encoder(Protocol):
    """Turns text into ids; special tokens written in the text become their ids."""

    special_tokens: Mapping[str, int]

    def encode(self, text: str) -> list[int]:
        """Encode `text`."""
        ...


class RankEncoder:
    """The fast path, for a vocabulary whose merges follow its ranks: tiktoken on NFC text between special tokens."""

    def __init__(self, ranks: dict[bytes, int], special_tokens: Mapping[str, int]) -> None:
        self.special_tokens = special_tokens
        self._bpe = tiktoken.Encoding(
            "qwen2_vl", pat_str=SPLIT_PATTERN, mergeable_ranks=ranks, special_tokens={}, explicit_n_vocab=len(ranks)
        )
        self._split = special_pattern(special_tokens).split

    def encode(self, text: str) -> list[int]:
        """Encode `text`: special tokens are cut out first, then every part between them is normalised and encoded."""
        parts = self._split(text)
        if len(parts) == 1:
            return self._bpe.encode_ordinary(normalize(text))
        ids: list[int] = []
        for index, part in enumerate(parts):
            if index % 2:
                ids.append(self.special_tokens[part])
            elif part:
                ids += self._bpe.encode_ordinary(normalize(part))
        return ids


class TokenizersEncoder:
    """The general path: any fast tokenizer, through the `tokenizers` library that the trainer uses."""

    def __init__(self, tokenizer_json: str) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(tokenizer_json)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        added = self._tokenizer.get_added_tokens_decoder()
        self.special_tokens: Mapping[str, int] = {token.content: index for index, token in added.items()}

    def encode(self, text: str) -> list[int]:
        """Encode `text` without adding special tokens."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)


def special_pattern(tokens: Mapping[str, int]) -> re.Pattern[str]:
    """A pattern that finds special tokens in text, the longest first where several begin at one place."""
    ordered = sorted(tokens, key=len, reverse=True)
    return re.compile("(" + "|".join(map(re.escape, ordered)) + ")")


def normalize(text: str) -> str:
    """NFC. Characters newer than Python's Unicode tables are left to the tokenizer's own normaliser."""
    if text.isascii():
        return text
    if _unknown_characters().search(text):
        from tokenizers.normalizers import NFC

        return str(NFC().normalize_str(text))
    return unicodedata.normalize("NFC", text)


@cache
def _unknown_characters() -> re.Pattern[str]:
    """Code points below U+20000 that Python does not know: a newer Unicode may compose or reorder them. Above lie
    only ideographs, which do neither.
    """
    ranges: list[str] = []
    begin: int | None = None
    for code in range(0x80, 0x20001):
        unknown = code < 0x20000 and unicodedata.category(chr(code)) == "Cn"
        if unknown and begin is None:
            begin = code
        elif not unknown and begin is not None:
            ranges.append(f"{re.escape(chr(begin))}-{re.escape(chr(code - 1))}")
            begin = None
    return re.compile(f"[{''.join(ranges)}]")
