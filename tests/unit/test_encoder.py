"""Ids: special tokens, normalisation, and processors read from folders."""

import json
import shutil
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import normalizers

import validator.tokens.encoder as encoder_module
from validator.tokens.encoder import RankEncoder, TokenizersEncoder, normalize, tokenizer_of
from validator.tokens.processor import load_processor, recipe_digest
from validator.tokens.vocabulary import NUM_RANKS, SPECIAL_TOKENS, load_ranks


@pytest.fixture(scope="module")
def encoder():
    return load_processor("embedded").encoder


def test_the_vocabulary_is_whole():
    ranks = load_ranks()
    assert len(ranks) == NUM_RANKS == 151643
    assert sorted(ranks.values()) == list(range(NUM_RANKS))
    assert (SPECIAL_TOKENS["<|endoftext|>"], SPECIAL_TOKENS["<|video_pad|>"]) == (151643, 151656)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", []),
        ("Hello world", [9707, 1879]),
        ("<|im_start|>user\n", [151644, 872, 198]),
        ("a<|image_pad|><|image_pad|>b", [64, 151655, 151655, 65]),
        ("\n\n", [271]),
        ("12", [16, 17]),
    ],
)
def test_known_ids(encoder, text, ids):
    assert list(encoder.encode(text)) == ids


def test_text_is_composed_between_special_tokens_only(encoder):
    assert list(encoder.encode("e\u0301")) == list(encoder.encode("é"))
    assert list(encoder.encode("e<|im_end|>\u0301")) != list(encoder.encode("é<|im_end|>"))


def test_a_million_spaces(small):
    """Too many for tiktoken's pattern matcher."""
    folder, ranks = small
    general = load_processor(str(folder)).encoder
    text = "a" + " " * 1_000_001 + "b\n" + "\n" * 10
    assert list(RankEncoder(lambda: ranks, general.special_tokens).encode(text)) == list(general.encode(text))


@pytest.mark.parametrize(
    "text", ["a\ud800", "é\ud800", "\udc00<|im_end|>", "<|im_end|>\ud800", "a" * 2_000_000 + "\ud800"]
)
def test_half_a_surrogate_pair(encoder, text):
    with pytest.raises(TypeError, match="TextEncodeInput must be Union"):
        encoder.encode(text)
    with pytest.raises(TypeError, match="TextEncodeInput must be Union"):
        encoder.encode_framed("<|im_start|>user\n", text, "<|im_end|>\n")


@pytest.mark.parametrize("text", ["\u1ace\u0301\u0323", "\U00011935\U00011930", "\u07fd\u0301", "\u0c3c\u0c56"])
def test_marks_that_unicode_versions_order_differently(text):
    assert normalize(text) == normalizers.NFC().normalize_str(text)


@given(st.text(alphabet=st.characters(categories=["Mn", "Mc", "Lo", "Lu"]), max_size=5))
def test_marks_in_any_order(text):
    assert normalize(text) == normalizers.NFC().normalize_str(text)


def test_inert_characters_are_inert():
    """None combines, decomposes, or is the second part of a composition."""
    seconds = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    for code in range(0x110000):
        parts = unicodedata.decomposition(chr(code))
        if parts and not parts.startswith("<"):
            seconds.update(int(part, 16) for part in parts.split()[1:])
    inert = [code for code in range(0xD800) if encoder_module._INERT.fullmatch(chr(code))]
    assert len(inert) > 40_000 and not seconds & set(inert)
    for code in inert:
        character = chr(code)
        assert unicodedata.combining(character) == 0 and unicodedata.is_normalized("NFC", character)
        assert normalizers.NFC().normalize_str(f"e{character}e") == f"e{character}e"


@given(st.text())
def test_normalisation_is_the_tokenizers(text):
    assert normalize(text) == normalizers.NFC().normalize_str(text)


def tokenizer_json(ranks, folder, added=SPECIAL_TOKENS):
    """A tokenizer.json of byte-level BPE whose merges follow the ranks."""
    tokenizer = tokenizer_of(ranks)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_special_tokens(list(added))
    tokenizer.save(str(folder / "tokenizer.json"))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    ranks = {token: rank for token, rank in load_ranks().items() if rank < 2000}
    tokenizer_json(ranks, folder, dict.fromkeys(SPECIAL_TOKENS))
    (folder / "preprocessor_config.json").write_text(json.dumps({"min_pixels": 784, "max_pixels": 1003520}))
    return folder, ranks


def test_another_vocabulary_goes_through_tokenizers(small):
    folder, _ = small
    processor = load_processor(str(folder))
    assert isinstance(processor.encoder, TokenizersEncoder)
    assert (processor.min_pixels, processor.max_pixels) == (784, 1003520)
    assert list(processor.encoder.encode("<|image_pad|>")) == [processor.token_id("<|image_pad|>")] == [2012]


@given(st.text(max_size=40))
def test_ranks_and_merges_agree(small, text):
    folder, ranks = small
    general = load_processor(str(folder)).encoder
    assert list(RankEncoder(lambda: ranks, general.special_tokens).encode(text)) == list(general.encode(text))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    tokenizer_json(load_ranks(), folder)
    return folder


@pytest.mark.parametrize(
    ("file", "content", "limits"),
    [
        ("preprocessor_config.json", {"min_pixels": 3136, "max_pixels": 12845056}, (3136, 12845056)),
        ("preprocessor_config.json", {"size": {"shortest_edge": 784, "longest_edge": 1003520}}, (784, 1003520)),
        ("preprocessor_config.json", {}, (3136, 1003520)),
        ("processor_config.json", {"image_processor": {"size": {"shortest_edge": 5, "longest_edge": 9}}}, (5, 9)),
    ],
)
def test_the_limits_of_a_folder(small, tmp_path, file, content, limits):
    shutil.copy(small[0] / "tokenizer.json", tmp_path)
    (tmp_path / file).write_text(json.dumps(content))
    processor = load_processor(str(tmp_path))
    assert (processor.min_pixels, processor.max_pixels) == limits


@pytest.mark.parametrize(
    ("content", "paces"),
    [
        ({}, False),
        ({"fps": None, "min_frames": 4, "max_frames": 768, "temporal_patch_size": 2}, False),
        ({"fps": 2}, True),
        ({"max_frames": 64}, True),
    ],
)
def test_a_folder_says_how_frames_are_sampled(small, tmp_path, content, paces):
    shutil.copy(small[0] / "tokenizer.json", tmp_path)
    (tmp_path / "preprocessor_config.json").write_text("{}")
    (tmp_path / "video_preprocessor_config.json").write_text(json.dumps(content))
    assert load_processor(str(tmp_path)).paces is paces


@pytest.mark.proof
def test_the_embedded_vocabulary_in_a_folder_is_recognised(checkpoint):
    (checkpoint / "preprocessor_config.json").write_text("{}")
    processor = load_processor(str(checkpoint))
    assert isinstance(processor.encoder, RankEncoder)
    assert list(processor.encoder.encode("Hi<|im_end|>")) == [13048, SPECIAL_TOKENS["<|im_end|>"]]


@pytest.mark.proof
def test_a_changed_merge_is_not_taken_for_the_embedded_vocabulary(checkpoint):
    spec = json.loads((checkpoint / "tokenizer.json").read_text(encoding="utf-8"))
    merges = spec["model"]["merges"]
    before = recipe_digest(spec["model"]["vocab"], merges)
    merges[0], merges[1] = merges[1], merges[0]
    assert recipe_digest(spec["model"]["vocab"], merges) != before


def test_folders_that_hold_no_processor(tmp_path):
    with pytest.raises(ValueError, match=r"tokenizer\.json does not exist"):
        load_processor(str(tmp_path))
    with pytest.raises(ValueError, match="there is no such folder, and it is not a hub id"):
        load_processor("./nowhere")


def test_a_hub_id_without_a_hub(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ValueError, match="cannot be had from the hub"):
        load_processor("nobody/no-such-model")
