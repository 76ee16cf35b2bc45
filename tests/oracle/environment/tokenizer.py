"""Qwen's tokenizer, made by transformers from the published file of ranks: no checkpoint is needed.

The file is `qwen.tiktoken`, which the package dashscope carries: a line is a token in base64 and its rank, as tiktoken
reads them. transformers wants the vocabulary and merges of a byte-level BPE instead, which are worked out from the
ranks: a token was merged from the two parts that are left when all merges of lower rank are done.
"""

import base64
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import transformers
from tokenizers import AddedToken
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerBase, Qwen2Tokenizer

SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
"""Qwen2-VL's special tokens; behind the published vocabulary their ids are 151643 to 151656."""
PLAIN_BYTES = {*range(33, 127), *range(161, 173), *range(174, 256)}
"""Bytes that a byte-level BPE writes as the character of the same number (GPT-2's `bytes_to_unicode`)."""


def byte_letters() -> dict[int, str]:
    """The character that stands for each byte: others than PLAIN_BYTES take characters from 256 on."""
    others = [byte for byte in range(256) if byte not in PLAIN_BYTES]
    return {byte: chr(byte) for byte in PLAIN_BYTES} | {byte: chr(256 + place) for place, byte in enumerate(others)}


def last_parts(token: bytes, rank: int, ranks: dict[bytes, int]) -> list[bytes]:
    """The two parts that a token was merged from."""
    parts = [bytes([byte]) for byte in token]
    while len(parts) > 2:
        pairs = (ranks.get(parts[place] + parts[place + 1], rank) for place in range(len(parts) - 1))
        place = min((found, place) for place, found in enumerate(pairs) if found < rank)[1]
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return parts


def byte_level_bpe(file: Path) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """The vocabulary and merges of a file of ranks."""
    lines = (line.split() for line in file.read_bytes().splitlines())
    ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    letters = byte_letters()

    def text(token: bytes) -> str:
        return "".join(letters[byte] for byte in token)

    merged = sorted((rank, token) for token, rank in ranks.items() if len(token) > 1)
    merges = [tuple(map(text, last_parts(token, rank, ranks))) for rank, token in merged]
    return {text(token): rank for token, rank in ranks.items()}, merges


def make_tokenizer(vocabulary: str | Path | None = None, added: Sequence[str] = ()) -> PreTrainedTokenizerBase:
    """Qwen2-VL's tokenizer; `added`: the tokens that a later model has beside its own.

    Without the file of ranks every byte is a token: lengths are then others than the model's, all else is the same.
    """
    if vocabulary:
        numbers, merges = byte_level_bpe(Path(vocabulary))
    else:
        numbers, merges = {letter: number for number, letter in enumerate(sorted(ByteLevel.alphabet()))}, []
    # In the vocabulary before it is handed over: the class would number the end of a turn first
    numbers |= {token: len(numbers) + place for place, token in enumerate(SPECIAL)}
    tokenizer = of_class(numbers, merges)
    tokenizer.add_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL], special_tokens=True)
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in added])
    return tokenizer


def of_class(numbers: dict[str, int], merges: list[tuple[str, str]]) -> PreTrainedTokenizerBase:
    """transformers' own class: since 5 it takes a vocabulary, before it wanted files."""
    tokens = {"unk_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "padding_side": "right"}
    if int(transformers.__version__.partition(".")[0]) >= 5:
        return Qwen2Tokenizer(vocab=numbers, merges=merges, **tokens)
    from transformers import Qwen2TokenizerFast

    with tempfile.TemporaryDirectory() as folder:
        words, pairs = Path(folder, "vocab.json"), Path(folder, "merges.txt")
        words.write_text(json.dumps(numbers))
        pairs.write_text("#version: 0.2\n" + "".join(" ".join(pair) + "\n" for pair in merges), encoding="utf-8")
        return Qwen2TokenizerFast(vocab_file=str(words), merges_file=str(pairs), **tokens)
