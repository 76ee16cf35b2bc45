"""Long texts: cut into parts, their ids and their number are those of the whole."""

import random
import tracemalloc
from itertools import chain

import pytest

from tests.helpers.alphabets import ALPHABETS
from tests.tiers import first, many
from validator.tokens import encoder as encoding
from validator.tokens import long_text, long_word
from validator.tokens.encode import _encode_turn
from validator.tokens.ids import Ids
from validator.tokens.processor import load_processor
from validator.tokens.vocabulary import SPECIAL_TOKENS, load_ranks


@pytest.fixture(scope="module")
def encoder():
    return load_processor("embedded").encoder


def whole_of(encoder, text):
    """The ids of a text that is encoded whole, however long it is."""
    return list(Ids(*encoder._encode_all(text)))


def test_the_vocabulary_is_read_when_a_text_is_encoded():
    """Judging a run again encodes nothing."""
    asked = []
    made = encoding.RankEncoder(lambda: asked.append(1) or load_ranks(), SPECIAL_TOKENS)
    assert not asked
    assert made.encode("a") and asked


@pytest.mark.larger
@pytest.mark.parametrize("name", ALPHABETS)
def test_parts_are_exact(encoder, monkeypatch, name):
    monkeypatch.setattr(encoding, "LONG_TEXT", 1)
    monkeypatch.setattr(long_text, "PART", 1)
    draw = random.Random(name)
    for _ in range(many(100, 400)):
        text = "".join(draw.choices(ALPHABETS[name], k=draw.randint(1, 60)))
        whole = whole_of(encoder, text)
        ids = encoder.encode(text)
        assert isinstance(ids, long_text.LongIds)
        assert (list(ids), len(ids)) == (whole, len(whole)), text
        assert "".join(text[begin:end] for begin, end in long_text.parts_of(text, 0, len(text))) == text
        framed = encoder.encode_framed("<|im_start|>user\n", text, "<|im_end|>")
        assert list(framed) == whole_of(encoder, f"<|im_start|>user\n{text}<|im_end|>"), text


@pytest.mark.parametrize("name", first(2, reversed(ALPHABETS)))
def test_200_kb_are_exact(encoder, monkeypatch, name):
    monkeypatch.setattr(encoding, "LONG_TEXT", 1)
    draw = random.Random(f"200 kB of {name}")
    monkeypatch.setattr(long_text, "PART", draw.randint(1 << 9, 1 << 15))
    words = ["".join(draw.choices(ALPHABETS[name], k=draw.randint(1, 9))) for _ in range(500)]
    text = "".join(word + draw.choice((" ", " ", " ", "", "  ", "\n", " \n")) for word in draw.choices(words, k=40_000))
    text = text[:200_000]
    whole = whole_of(encoder, text)
    ids = encoder.encode_framed("<|im_start|>user\n", text, "<|im_end|>\n")
    framed = whole_of(encoder, f"<|im_start|>user\n{text}<|im_end|>\n")
    assert (len(encoder.encode(text)), len(ids)) == (len(whole), len(framed))
    assert list(ids) == framed
    assert encoder._general().encode(encoding.normalize(text.replace("<", "")), add_special_tokens=False).ids == list(
        encoder.encode(text.replace("<", ""))
    )


def test_the_end_of_a_part_stays_its_end(encoder, monkeypatch):
    """A part can end in white space, which would join the space before a word that is counted beside it."""
    monkeypatch.setattr(long_text, "PART", 8)
    text = "".join(f"word {number} ends\n\t \nAnd " for number in range(300))
    assert encoder._words.count(text, 0, len(text)) == len(encoder._encode(text))


def test_a_long_text_is_not_copied(encoder):
    """Beside the text there are parts of it, never the whole."""
    text = "some words that are, and others " * 700_000
    tracemalloc.start()
    turn = _encode_turn(None, "<|im_start|>user\n", [text], "<|im_end|>\n", encoder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(text)
    assert turn.written == [f"<|im_start|>user\n{text}<|im_end|>\n"]


def test_words_are_counted_once(encoder):
    asked = []
    words = long_text.WordCounts(
        lambda text: asked.append(text) or encoder._encode(text), encoder._bpe.decode_single_token_bytes
    )
    text = "the same words again and again, " * 20_000
    assert words.count(text, 0, len(text)) == len(encoder._encode(text))
    assert len(asked) < 20


def test_a_part_is_bounded(encoder):
    text = "letters9and some words; " * 50_000
    parts = [text[begin:end] for begin, end in long_text.parts_of(text, 0, len(text))]
    assert max(map(len, parts)) < long_text.PART + 10
    assert list(chain.from_iterable(map(encoder._encode, parts))) == encoder._encode(text)


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def make_word(draw, kind, length, encoder):
    if kind == "two letters":
        return "".join(draw.choices("ab", k=length))
    if kind == "any letters":
        return "".join(draw.choices(LETTERS, k=length))
    if kind == "tokens":
        known = [token.decode() for token in encoder._bpe._mergeable_ranks if token.isalpha() and token.isascii()]
        return "".join(draw.choices(known, k=length))
    return "".join(draw.choices(LETTERS, k=1 if kind == "one letter" else draw.randint(2, 9))) * length


@pytest.mark.larger
@pytest.mark.parametrize("kind", ["two letters", "any letters", "tokens", "a period", "one letter"])
@pytest.mark.parametrize("width", [48, 100])
def test_windows_of_a_word_are_exact(encoder, monkeypatch, kind, width):
    monkeypatch.setattr(long_word, "WINDOW", width)
    monkeypatch.setattr(long_word, "MARGIN", width // 3)
    draw = random.Random(kind)
    bytes_of = encoder._bpe.decode_single_token_bytes
    for _ in range(many(20, 60)):
        word = make_word(draw, kind, draw.randint(2 * width + 1, 12 * width), encoder)
        word = draw.choice(("", " ")) + word
        assert long_word.is_long_word(word, 0, len(word))
        found = list(long_word.windows_of(word, 0, len(word), encoder._listed, bytes_of))
        assert list(chain.from_iterable(found)) == encoder._listed(word), word
        assert len(found) > 1


@pytest.mark.larger
def test_a_long_word_among_others(encoder):
    length = many(400_000, 2_000_000)
    text = f"Look:\nyes {'Ab' * length}, no <|im_end|> {'x' * length}"
    ids = encoder.encode(text)
    assert isinstance(ids, long_text.LongIds)
    assert list(ids) == whole_of(encoder, text) and len(ids) == len(whole_of(encoder, text))
