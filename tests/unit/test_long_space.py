"""Long runs of white space: the ids of the trainer's tokenizer, or its end."""

import json
import random
from dataclasses import replace
from itertools import product

import pytest

from tests.conftest import check, say
from tests.tiers import many
from validator.facts import recipe
from validator.tokens import encoder as encoding
from validator.tokens import long_space
from validator.tokens.processor import load_processor


@pytest.fixture(scope="module")
def encoder():
    return load_processor("embedded").encoder


@pytest.fixture
def short(monkeypatch):
    """Limits a thousand times smaller: the real ones end the process of the `tokenizers` library."""
    monkeypatch.setattr(long_space, "MOST", 9_982)
    for module in (long_space, encoding):
        monkeypatch.setattr(module, "LONG", 500)


BEFORE = ("", "a", "1", ".", "\n", ".\n", " \n", "\r", "\t", "中", "\u00a0", "a\u0301", "<|im_end|>")
AFTER = ("", "b", "2", "!", "\n", "\nb", "\t", "文", "\u3000", "'s", "\u0301", "<|im_end|>")


def plainly(encoder, text):
    """Without a limit."""
    parts = encoder._special.split(text)
    plain = encoder._bpe.encode_ordinary
    known = encoder.special_tokens
    return [mark for part in parts for mark in ([known[part]] if part in known else plain(encoding.normalize(part)))]


@pytest.mark.proof
def test_spaces_are_exact(encoder, short):
    draw = random.Random("spaces")
    for before, after in product(BEFORE, AFTER):
        text = before + " " * draw.randint(500, many(800, 3_000)) + after
        assert list(encoder.encode(text)) == plainly(encoder, text), (before, after)


def test_tokenizers_is_asked_about_other_white_space_alone(encoder, short, monkeypatch):
    monkeypatch.setattr(encoding, "tokenizer_of", None)  # calling it would be an error
    monkeypatch.setattr(encoder, "_slow", None)
    text = "a" + " " * 40_000 + "b\n" + " " * 9_000
    monkeypatch.setattr(long_space, "MOST", 50_000)
    assert sum(map(len, map(encoder._bpe.decode_single_token_bytes, encoder.encode(text)))) == len(text)


def test_half_a_million_spaces(encoder):
    text = "\n" + " " * 600_000 + "b"
    one = encoder._bpe.encode_ordinary(" " * 128)
    assert len(one) == 1
    assert list(encoder.encode(text)) == [198, *one * (599_999 // 128), *encoder._bpe.encode_ordinary(" " * 63), 293]


PANICS = {
    "before a word": (" " * 9_983 + "b", " " * 9_982 + "b"),
    "after a word": ("a" + " " * 9_983 + ".", "a" + " " * 9_982 + "."),
    "at the end": ("a" + " " * 9_984, "a" + " " * 9_983),
    "on a line": ("a\n" + " " * 9_983 + "b", "a\n" + " " * 9_982 + "b"),
    "before the end of a line": ("\t" + " " * 9_983 + "b", " " * 20_000 + "\n" + "\n" * 20_000 + "b"),
    "tabs": ("\t" * 9_983 + "b", "\t" * 9_982 + "b"),
    "between special tokens": ("<|im_end|>" + " " * 9_984 + "<|im_end|>", "<|im_end|>" + " " * 9_983 + "<|im_end|>"),
}


@pytest.mark.parametrize("name", PANICS)
def test_where_the_tokenizer_panics(encoder, short, name):
    too_long, long = PANICS[name]
    with pytest.raises(long_space.PanicException, match="retry-limit-in-match over"):
        encoder.encode(too_long)
    for part in filter(None, long.split("<|im_end|>")):
        long_space.check_spaces(part)


def test_a_panic_is_a_crash_of_the_trainer(dataset, short):
    rows = [say("a", "b"), say("a" + " " * 20_000 + "c", "b"), say("a", "b", system=" " * 20_000), say("c", "d")]
    result, findings = check(dataset.write(rows), dataset.folder / "run")
    found = [(item["row"], item["turn"], item["code"]) for item in findings if item["severity"] == "error"]
    assert found == [(1, 0, "CV005"), (2, None, "CV005")]
    assert (result.summary["rows"]["unchecked"], result.summary["rows"]["flagged"]) == (0, 2)
    assert "20,000 characters of white space" in json.dumps(findings)


class Panic(BaseException):
    """As pyo3 raises it: no Exception."""


Panic.__name__ = "PanicException"


class Broken:
    """Stands in for a library that panics at a word."""

    def __init__(self, error, inner):
        self.error, self.inner = error, inner

    def encode(self, text, **options):
        if "panic" in text:
            raise self.error("of the library")
        return self.inner.encode(text)

    def encode_framed(self, before, text, after):
        return self.encode(before + text + after)

    def __getattr__(self, name):
        return getattr(self.inner, name)


def broken(monkeypatch, error):
    processor = load_processor("embedded")
    processor = replace(processor, encoder=Broken(error, processor.encoder))
    monkeypatch.setattr(recipe, "load_processor", lambda name: processor)


def test_a_panic_of_the_library_itself():
    general = object.__new__(encoding.TokenizersEncoder)
    general._tokenizer = Broken(Panic, None)
    with pytest.raises(long_space.PanicException, match="of the library"):
        general._encode("panic")


def test_a_panic_costs_its_row(dataset, monkeypatch):
    """Whatever a library raises that is no Exception."""
    broken(monkeypatch, Panic)
    _, findings = check(dataset.write([say("a", "b"), say("panic", "b"), say("c", "d")]), dataset.folder / "run")
    assert [(item["row"], item["code"]) for item in findings] == [(1, "XX001")]
    assert "PanicException: of the library" in findings[0]["message"] and "twice" not in findings[0]["message"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_process_still_does(dataset, monkeypatch, error):
    broken(monkeypatch, error)
    _, findings = check(dataset.write([say("a", "b"), say("panic", "b")]), dataset.folder / "run")
    assert [(item["row"], item["code"]) for item in findings] == [(1, "XX001")]
    assert "twice" in findings[0]["message"]
