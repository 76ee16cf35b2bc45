"""Text -> ids, identical to `tokenizer.encode(text, add_special_tokens=False)` of the Qwen2 tokenizer."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import chain, islice, pairwise
from typing import Any, Protocol

import tiktoken

from validator.tokens.fast import Hastening, of_json, of_ranks, specimens_of
from validator.tokens.ids import Encoded, Encoding, Ids, listed
from validator.tokens.long_space import LONG, PanicException, apart, check_spaces, is_spacious
from validator.tokens.long_text import LONG_TEXT, PART, LongIds, Span, WordCounts
from validator.tokens.long_word import windows_of
from validator.tokens.vocabulary import SPLIT_PATTERN


class Encoder(Protocol):
    """Turns text into ids; special tokens written in the text become their ids. `literal`: nothing else does."""

    special_tokens: Mapping[str, int]
    literal: bool

    def encode(self, text: str) -> Sequence[int]:
        """Encode `text`."""
        ...

    def encode_framed(self, before: str, text: str, after: str) -> Sequence[int]:
        """Encode `before + text + after`. `before` is empty or a special token with a line; `after` is empty or begins
        with a special token.
        """
        ...

    def expect(self, rows: int) -> None:
        """Be told how many rows a file has, before they come."""
        ...

    def told(self, characters: int) -> None:
        """Be told, before the first text comes, about how many characters are all that come."""
        ...


class RankEncoder:
    """The fast path, for a vocabulary whose merges follow its ranks: tiktoken on NFC text between special tokens, and
    fastokens after some text.
    """

    literal = True

    def __init__(self, ranks: Callable[[], dict[bytes, int]], special_tokens: Mapping[str, int]) -> None:
        self.special_tokens = special_tokens
        self._load = ranks
        self._special = special_pattern(special_tokens)
        self._plain = Hastening(lambda text: self._bpe.encode_ordinary(text), self._faster, PATIENCE)
        self._words = WordCounts(self._listed, lambda token: self._bpe.decode_single_token_bytes(token))
        self._prefix = common_prefix(special_tokens)
        self._short: dict[str, list[int]] = {}
        self._frames = _Frames(self)
        self._apart = all(token[0] == "<" and "<" not in token[1:] and "\n" not in token for token in special_tokens)

    @cached_property
    def _ranks(self) -> dict[bytes, int]:
        return self._load()

    @cached_property
    def _bpe(self) -> tiktoken.Encoding:
        """Made when the first text is encoded: a run that finds all its results need not."""
        ranks = self._ranks
        return tiktoken.Encoding(
            "qwen2_vl", pat_str=SPLIT_PATTERN, mergeable_ranks=ranks, special_tokens={}, explicit_n_vocab=len(ranks)
        )

    def _faster(self) -> tuple[Any, Iterator[str]]:
        step = len(self._ranks) // SPECIMENS + 1
        words = [token.decode(errors="ignore") for token in islice(self._ranks, 0, None, step)]
        return of_ranks(self._ranks), specimens_of(words, self.special_tokens)

    def encode(self, text: str) -> Sequence[int]:
        """Encode `text`: special tokens are cut out first, then every part between them is normalised and encoded. The
        ids of a long text are made where they are read.

        Raises TypeError, as the trainer's tokenizer does, where the text holds half of a surrogate pair, and
        PanicException where that panics.
        """
        return self._long("", text, "") if len(text) >= LONG_TEXT else Ids(*self._encode_all(text))

    def expect(self, rows: int) -> None:
        """Be told how many rows a file has, before they come."""
        self._plain.expect(rows)

    def told(self, characters: int) -> None:
        """Be told, before the first text comes, about how many characters are all that come."""
        self._plain.told(characters)

    def _long(self, before: str, text: str, after: str) -> LongIds:
        first, last = self._frames[before], self._frames[after]
        check_text(text)
        return LongIds(text, lambda: chain(first, self._parts(text), last), self._words)

    def _encode_all(self, text: str) -> Iterable[Encoded]:
        if self._prefix not in text:
            return (self._encode(text),)
        return [
            [self.special_tokens[part]]
            if index % 2
            else self._encode_short(part)  # mostly the template's own words
            if len(part) <= SHORT
            else self._encode(part)
            for index, part in enumerate(self._special.split(text))
        ]

    def _parts(self, text: str) -> Iterator[int | Span]:
        """Special tokens as their ids, and where that stands which is between them."""
        end = 0
        for match in self._special.finditer(text) if self._prefix[:1] in text else ():
            if match.start() > end:
                yield end, match.start()
            yield self.special_tokens[match[0]]
            end = match.end()
        if end < len(text):
            yield end, len(text)

    def encode_framed(self, before: str, text: str, after: str) -> Sequence[int]:
        """Encode `before + text + after`, the parts of it apart, those around the text once.

        No token reaches over the end of `before`, whose line feed is one of its own unless white space follows, nor
        over the beginning of `after`; and no special token does, each being a `<` and what has none.
        """
        if text[:1].isspace() or not self._apart:
            return self.encode(before + text + after)
        if len(text) >= LONG_TEXT:
            return self._long(before, text, after)
        return Ids(self._frames[before], *self._encode_all(text), self._frames[after])

    def _encode_short(self, text: str) -> list[int]:
        known = self._short.get(text)
        if known is None:
            known = self._listed(text)
            if len(self._short) < MOST_SHORT:
                self._short[text] = known
        return known

    def _listed(self, text: str) -> list[int]:
        return listed(self._encode(text))

    def _encode(self, text: str) -> Encoded:
        text = normalize(text)
        if len(text) < LONG or not is_spacious(text):
            return self._plain(text)
        check_spaces(text)
        ids: list[int] = []
        for begin, stop, is_space in apart(text):
            if is_space:
                windows = windows_of(text, begin, stop, self._bpe.encode_ordinary, self._bpe.decode_single_token_bytes)
                ids += chain.from_iterable(windows)
            elif is_spacious(part := text[begin:stop]):
                ids += self._general().encode(part, add_special_tokens=False).ids
            else:
                ids += listed(self._plain(part))
        return ids

    def _general(self) -> Any:
        """The same function as the `tokenizers` library has it: slower to make, but no text is too long for it."""
        if self._slow is None:
            self._slow = tokenizer_of(self._ranks)
        return self._slow

    _slow: Any = None


class _Frames(dict[str, list[int]]):
    """The ids of the template's few words."""

    def __init__(self, encoder: RankEncoder) -> None:
        super().__init__({"": []})
        self._encoder = encoder

    def __missing__(self, text: str) -> list[int]:
        ids = self[text] = list(self._encoder.encode(text))
        return ids


SHORT, MOST_SHORT = 12, 4096
"""Characters of a text whose ids are remembered, and how many of these are."""
PATIENCE, GENERAL_PATIENCE = 15_000_000, 2_000_000
"""Characters that tiktoken, and tokenizers, encode in the time that it takes to make fastokens' tokenizer, about."""
SPECIMENS = 4000
"""Words of a vocabulary among the texts that show whether that is the same function."""


def check_text(text: str) -> str:
    """The text. Raises the TypeError that the trainer's tokenizer raises for text that is not valid Unicode."""
    if text.isascii():
        return text
    try:
        for begin in range(0, len(text), PART):  # a copy of a part is enough
            text[begin : begin + PART].encode()
    except UnicodeEncodeError:
        reason = "TextEncodeInput must be Union[TextInputSequence, Tuple[InputSequence, InputSequence]]"
        raise TypeError(reason) from None
    return text


def tokenizer_of(ranks: dict[bytes, int]) -> Any:
    """A tokenizer of the `tokenizers` library with the merges that follow from ranks (a few seconds for a whole
    vocabulary): a token's parts are what the ranks below its own make of its bytes.
    """
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {byte: chr(byte) for byte in printable}
    others = [byte for byte in range(256) if byte not in table]
    table |= {byte: chr(256 + number) for number, byte in enumerate(others)}

    def spell(token: bytes) -> str:
        return "".join(table[byte] for byte in token)

    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        parts = [token[i : i + 1] for i in range(len(token))]
        while len(parts) > 2:
            pairs = ((ranks.get(left + right, rank), place) for place, (left, right) in enumerate(pairwise(parts)))
            place = min(pair for pair in pairs if pair[0] < rank)[1]
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        if len(parts) == 2:
            merges.append((spell(parts[0]), spell(parts[1])))
    tokenizer = Tokenizer(models.BPE(vocab={spell(token): rank for token, rank in ranks.items()}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT_PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return tokenizer


class TokenizersEncoder:
    """The general path: any fast tokenizer, through the `tokenizers` library that the trainer uses, and fastokens after
    some text.
    """

    literal = False

    def __init__(self, tokenizer_json: str) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(tokenizer_json)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        added = self._tokenizer.get_added_tokens_decoder()
        self.special_tokens: Mapping[str, int] = {token.content: index for index, token in added.items()}
        self._plain = Hastening(self._encode, self._faster, GENERAL_PATIENCE)

    def encode(self, text: str) -> Sequence[int]:
        """Encode `text` without adding special tokens. Raises PanicException where the library panics."""
        check_text(text)
        return Ids(self._plain(text) if len(text) < LONG else self._encode(text))

    def expect(self, rows: int) -> None:
        """Be told how many rows a file has, before they come."""
        self._plain.expect(rows)

    def told(self, characters: int) -> None:
        """Be told, before the first text comes, about how many characters are all that come."""
        self._plain.told(characters)

    def _encode(self, text: str) -> Encoded:
        try:
            encoding: Encoding = self._tokenizer.encode(text, add_special_tokens=False)
        except BaseException as error:  # a panic of the library, which is the trainer's
            if type(error).__name__ != "PanicException":
                raise
            raise PanicException(str(error)) from None
        return encoding

    def _faster(self) -> tuple[Any, Iterator[str]]:
        step = self._tokenizer.get_vocab_size() // SPECIMENS + 1
        ids = range(0, self._tokenizer.get_vocab_size(), step)
        words = self._tokenizer.decode_batch([[index] for index in ids], skip_special_tokens=False)
        return of_json(self._tokenizer.to_str()), specimens_of(words, self.special_tokens)

    def encode_framed(self, before: str, text: str, after: str) -> Sequence[int]:
        """Encode `before + text + after`."""
        return self.encode(before + text + after)


def common_prefix(tokens: Collection[str]) -> str:
    """What all special tokens begin with (`<|`): text without it holds none."""
    first, last = min(tokens), max(tokens)
    alike = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:alike]


def special_pattern(tokens: Mapping[str, int]) -> re.Pattern[str]:
    """A pattern that finds special tokens in text, the longest first where several begin at one place."""
    return _pattern_of(tuple(tokens))


@lru_cache(maxsize=16)
def _pattern_of(tokens: tuple[str, ...]) -> re.Pattern[str]:
    prefix = common_prefix(tokens)  # apart, it is searched as plain text
    ordered = sorted((token[len(prefix) :] for token in tokens), key=len, reverse=True)
    return re.compile(f"({re.escape(prefix)}(?:{'|'.join(map(re.escape, ordered))}))")


_INERT = re.compile(
    "[\0-\u02ff\u0400-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u3000-\u3029\u3041-\u3096\u309b-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffdc]*"
)
"""Characters that NFC leaves alone whatever stands beside them, under every version of Unicode since they exist."""


def normalize(text: str) -> str:
    """NFC, by the tokenizer's own normaliser: its Unicode tables are not Python's, and they order marks differently.
    Raises TypeError as `check_text`.
    """
    if text.isascii() or _INERT.fullmatch(text):
        return text
    check_text(text)
    from tokenizers.normalizers import NFC

    return str(NFC().normalize_str(text))
