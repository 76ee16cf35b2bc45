"""fastokens in the place of tiktoken and tokenizers: the same ids, or not at all."""

import random
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, normalizers, pre_tokenizers

from tests.conftest import check, say
from tests.helpers.alphabets import ALPHABETS
from tests.tiers import PROOF, many
from validator.models.families import QWEN3_VL
from validator.tokens import encoder as encoding
from validator.tokens import fast
from validator.tokens.encoder import RankEncoder, TokenizersEncoder, tokenizer_of
from validator.tokens.fast import MANY, Hastening, of_ranks, specimens_of
from validator.tokens.ids import Ids, listed
from validator.tokens.vocabulary import load_ranks, with_added

pytest.importorskip("fastokens", reason="there is no fastokens for this machine")
MARKS = with_added(QWEN3_VL.added_tokens)


@pytest.fixture(scope="module")
def slow():
    made = RankEncoder(load_ranks, MARKS)
    made._plain = made._bpe.encode_ordinary
    return made


@pytest.fixture(scope="module")
def quick():
    made = hastened(RankEncoder(load_ranks, MARKS))
    assert made._plain._fast is not None
    return made


def hastened(encoder):
    """An encoder that has lost its patience."""
    encoder.encode("a")
    encoder.expect(MANY)
    encoder.encode("a")
    return encoder


CONTEXTS = (
    *("{0}", "a{0}", "{0}b", " {0}", "{0} ", "{0}{0}", "1{0}2", ".{0}!", "\n{0}", "{0}\n", "'{0}s", "{0}'ll"),
    *("\u0301{0}", "中{0}文", "\t{0}\t", "é{0}\u0323"),
)


@pytest.mark.larger
@pytest.mark.parametrize("context", CONTEXTS)
def test_all_code_points(slow, quick, context):
    """Those of a block in one text, apart by what no pattern joins to anything."""
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    chosen = codes if PROOF else random.Random(context).sample(codes, 4000)
    for begin in range(0, len(chosen), 64):
        text = "\r\nx\r\n".join(context.format(chr(code)) for code in chosen[begin : begin + 64])
        assert list(quick.encode(text)) == list(slow.encode(text)), hex(chosen[begin])


@pytest.mark.larger
@pytest.mark.parametrize("name", ALPHABETS)
def test_texts_of_one_kind(slow, quick, name):
    draw = random.Random(name)
    alphabet = (*ALPHABETS[name], *draw.sample(list(MARKS), 3))
    for _ in range(many(300, 20_000)):
        text = "".join(draw.choices(alphabet, k=draw.randint(1, 80)))
        ids = quick.encode_framed("<|im_start|>user\n", text, "<|im_end|>\n")
        expected = list(slow.encode_framed("<|im_start|>user\n", text, "<|im_end|>\n"))
        assert (list(ids), len(ids)) == (expected, len(expected)), text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text(slow, quick, text):
    assert list(quick.encode(text)) == list(slow.encode(text))


ASSIGNED = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs")]


@pytest.mark.larger
def test_characters_of_all_scripts_in_a_row(slow, quick):
    draw = random.Random("scripts")
    for _ in range(many(200, 100_000)):
        begin = draw.randrange(len(ASSIGNED))
        near = ASSIGNED[begin : begin + 100]
        text = "".join(draw.choice((draw.choice(near), draw.choice(near), draw.choice(" a.1\n"))) for _ in range(40))
        assert list(quick.encode(text)) == list(slow.encode(text)), text


@pytest.mark.larger
def test_words_of_the_vocabulary_in_a_row(slow, quick):
    draw = random.Random("words")
    words = [token.decode(errors="ignore") for token in load_ranks()]
    for _ in range(many(300, 50_000)):
        text = "".join(draw.choices(words, k=draw.randint(1, 30)))
        assert list(quick.encode(text)) == list(slow.encode(text)), text


@pytest.mark.larger
@pytest.mark.parametrize(
    "unit", [" ", "\n", "\t", "\r", "a", "Z", "7", "!", "中", "é", "😀", "\u0301", "\u00a0", "ab ", "\n "]
)
def test_long_runs(slow, quick, unit):
    for length in (1, 2, 63, 129, 5000, many(20_000, 240_000)):
        text = f"x{unit * length}y"
        assert list(quick.encode(text)) == list(slow.encode(text)), length


@pytest.mark.parametrize("text", ["a\ud800", "中\udc00<|im_end|>"])
def test_half_a_surrogate_pair(quick, text):
    with pytest.raises(TypeError, match="TextEncodeInput must be Union"):
        quick.encode(text)


def test_a_long_text_is_counted_alike(slow, quick, monkeypatch):
    monkeypatch.setattr(encoding, "LONG_TEXT", 1)
    text = "Some words, 12 of them; <|im_end|> and 文字 without spaces.\n" * 300
    ids, expected = quick.encode(text), slow.encode(text)
    assert (len(ids), list(ids)) == (len(expected), list(expected))


PATTERNS = {
    "Qwen3.5": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    "cl100k": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+",
}


def folder_of(folder, ranks, pattern):
    """A tokenizer.json like those of checkpoints: NFC, a pattern of its own, special and other added tokens."""
    tokenizer = tokenizer_of(ranks)
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(False, use_regex=False)])
    tokenizer.add_special_tokens(list(MARKS)[:14])
    tokenizer.add_tokens(list(MARKS)[14:])
    tokenizer.save(str(folder / "tokenizer.json"))
    return str(folder / "tokenizer.json")


@pytest.mark.larger
@pytest.mark.parametrize("name", PATTERNS)
def test_the_tokenizer_of_a_folder(tmp_path, name):
    ranks = {token: rank for token, rank in load_ranks().items() if rank < many(2000, 151_643)}
    path = folder_of(tmp_path, ranks, PATTERNS[name])
    slow, quick = TokenizersEncoder(path), hastened(TokenizersEncoder(path))
    for kind, alphabet in ALPHABETS.items():
        draw = random.Random(kind)
        for _ in range(many(50, 3000)):
            text = "".join(draw.choices((*alphabet, *MARKS), k=draw.randint(1, 60)))
            ids, expected = quick.encode(text), listed(slow._encode(text))
            assert (list(ids), len(ids)) == (expected, len(expected)), text
    assert quick._plain._fast is not None and slow._plain._fast is None


def test_a_short_run_never_loads_it():
    asked = []
    encode = Hastening(lambda text: [1], lambda: asked.append(1), 100)
    encode.expect(MANY)  # the first rows
    encode("a" * 98)
    encode.expect(MANY - 1)
    encode("a")
    assert not asked
    encode("a")
    encode("a" * 1000)
    assert asked == [1]  # once, though nothing came of it


class Other:
    """A tokenizer that counts characters, and cannot do with some texts."""

    def encode(self, text):
        if "panic" in text:
            raise type("PanicException", (BaseException,), {})("of the library")
        if "refused" in text:
            raise ValueError("too many steps")
        return [len(text)]


def hastening(other, texts):
    encode = Hastening(lambda text: [len(text.strip())], lambda: (other, texts), 1)
    encode(" ")
    return encode


@pytest.mark.parametrize(
    ("other", "texts", "taken"),
    [(Other(), ["a", "b c"], True), (Other(), ["a", " a"], False), (Other(), ["panic"], False), (None, [], False)],
)
def test_it_is_taken_only_where_it_is_the_same_function(other, texts, taken):
    encode = hastening(other, texts)
    encode("a")
    assert (encode._fast is not None) is taken
    assert encode("b") == [1]


@pytest.mark.parametrize("text", ["panic ", "refused "])
def test_a_text_that_it_cannot_do_with_goes_the_other_way(text):
    encode = hastening(Other(), [])
    assert encode("a ") == [2] and encode(text) == [len(text.strip())]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_process_is_let_through(error):
    def prepare():
        raise error

    with pytest.raises(error):
        Hastening(lambda text: [], prepare, 1)("a")


def test_without_the_package_all_is_as_before(monkeypatch, slow):
    monkeypatch.setitem(sys.modules, "fastokens._native", None)
    made = hastened(RankEncoder(load_ranks, MARKS))
    assert list(made.encode("as before")) == list(slow.encode("as before"))
    assert made._plain._fast is None


def test_a_tokenizer_that_differs_in_one_word_is_found_out():
    """Two tokens of the vocabulary are exchanged."""
    ranks = {token: rank for token, rank in load_ranks().items() if rank < 2000}
    one, two = list(ranks)[1500:1502]
    other = of_ranks({**ranks, one: ranks[two], two: ranks[one]})
    made = RankEncoder(lambda: ranks, MARKS)
    texts = list(specimens_of([one.decode()], MARKS))
    assert [text for text in texts if listed(other.encode(text)) != made._bpe.encode_ordinary(text)] != []


def test_ids_are_read_as_often_as_one_likes(quick):
    ids = Ids([1, 2], quick._encode("some words"), [3])
    assert len(ids) == len(list(ids)) == 5
    assert list(ids) == list(ids) == [1, 2, 14689, 4244, 3]
    assert (ids[0], ids[-1], ids[1:3], 4244 in ids, 9 in ids) == (1, 3, [2, 14689], True, False)


@pytest.mark.proof
def test_a_run_is_the_same(dataset, monkeypatch):
    """Whole records of samples.parquet."""
    texts = ["".join(random.Random(name).choices(ALPHABETS[name], k=300)) for name in ALPHABETS]
    registry = dataset.write([say(text, "answer") for text in texts])
    tables = []
    for run, rows in (("slow", MANY), ("quick", 1)):
        monkeypatch.setattr(fast, "MANY", rows)
        check(registry, dataset.folder / run)
        tables.append((dataset.folder / run / "samples.parquet").read_bytes())
    assert tables[0] == tables[1]
