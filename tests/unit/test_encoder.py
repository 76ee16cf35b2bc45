"""Ids: special tokens, normalisation, and processors read from folders."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from validator.tokens.encoder import RankEncoder, TokenizersEncoder, normalize
from validator.tokens.processor import load_processor, recipe_digest
from validator.tokens.vocabulary import NUM_RANKS, SPECIAL_TOKENS, SPLIT_PATTERN, load_ranks


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
    assert encoder.encode(text) == ids


def test_text_is_composed_between_special_tokens_only(encoder):
    assert encoder.encode("e\u0301") == encoder.encode("é")
    assert encoder.encode("e<|im_end|>\u0301") != encoder.encode("é<|im_end|>")


@given(st.text())
def test_normalisation_is_the_tokenizers(text):
    assert normalize(text) == normalizers.NFC().normalize_str(text)


def bytes_to_text():
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {byte: chr(byte) for byte in keep}, 0
    for byte in range(256):
        if byte not in table:
            table[byte] = chr(256 + extra)
            extra += 1
    return table


def tokenizer_json(ranks, folder, added=SPECIAL_TOKENS):
    """A tokenizer.json of byte-level BPE whose merges follow the ranks."""
    table = bytes_to_text()

    def spell(token):
        return "".join(table[byte] for byte in token)

    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        parts = [bytes([byte]) for byte in token]
        while len(parts) > 2:
            pairs = [(ranks.get(a + b, rank), i) for i, (a, b) in enumerate(pairwise(parts))]
            place = min(pair for pair in pairs if pair[0] < rank)[1]
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        if len(parts) == 2:
            merges.append((spell(parts[0]), spell(parts[1])))
    tokenizer = Tokenizer(models.BPE(vocab={spell(token): rank for token, rank in ranks.items()}, merges=merges))
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(SPLIT_PATTERN), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(False, use_regex=False)])
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
    assert processor.encoder.encode("<|image_pad|>") == [processor.token_id("<|image_pad|>")] == [2012]


@given(st.text(max_size=40))
def test_ranks_and_merges_agree(small, text):
    folder, ranks = small
    general = load_processor(str(folder)).encoder
    assert RankEncoder(ranks, general.special_tokens).encode(text) == general.encode(text)


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
def test_the_embedded_vocabulary_in_a_folder_is_recognised(checkpoint, file, content, limits):
    for name in ("preprocessor_config.json", "processor_config.json"):
        (checkpoint / name).unlink(missing_ok=True)
    (checkpoint / file).write_text(json.dumps(content))
    load_processor.cache_clear()
    processor = load_processor(str(checkpoint))
    assert isinstance(processor.encoder, RankEncoder)
    assert (processor.min_pixels, processor.max_pixels) == limits
    assert processor.encoder.encode("Hi<|im_end|>") == load_processor("embedded").encoder.encode("Hi<|im_end|>")


def test_a_changed_merge_is_not_taken_for_the_embedded_vocabulary(checkpoint):
    spec = json.loads((checkpoint / "tokenizer.json").read_text(encoding="utf-8"))
    merges = spec["model"]["merges"]
    before = recipe_digest(spec["model"]["vocab"], merges)
    merges[0], merges[1] = merges[1], merges[0]
    assert recipe_digest(spec["model"]["vocab"], merges) != before


def test_folders_that_hold_no_processor(tmp_path):
    with pytest.raises(ValueError, match=r"tokenizer\.json does not exist"):
        load_processor(str(tmp_path))
    with pytest.raises(ValueError, match="no such folder, and it is no hub id"):
        load_processor("./nowhere")


def test_a_hub_id_without_a_hub(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ValueError, match="cannot be had from the hub"):
        load_processor("nobody/no-such-model")
