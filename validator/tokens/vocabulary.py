"""The embedded vocabulary of Qwen2-VL and its successors: 151,643 byte-level BPE ranks and the tokens above them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path

NUM_RANKS = 151643
SPECIAL_TOKENS: dict[str, int] = {
    token: NUM_RANKS + index
    for index, token in enumerate(
        (
            "<|endoftext|>",
            "<|im_start|>",
            "<|im_end|>",
            "<|object_ref_start|>",
            "<|object_ref_end|>",
            "<|box_start|>",
            "<|box_end|>",
            "<|quad_start|>",
            "<|quad_end|>",
            "<|vision_start|>",
            "<|vision_end|>",
            "<|vision_pad|>",
            "<|image_pad|>",
            "<|video_pad|>",
        )
    )
}
SPLIT_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen2's pre-tokenizer (transformers `tokenization_qwen2.py`, and `pre_tokenizer` of its tokenizer.json)."""

_FILE = Path(__file__).parent.parent / "assets" / "qwen2_vl.vocabulary"


def with_added(tokens: Sequence[str]) -> dict[str, int]:
    """The special tokens of Qwen2-VL, and behind them those that a later model has."""
    first = NUM_RANKS + len(SPECIAL_TOKENS)
    return SPECIAL_TOKENS | {token: first + place for place, token in enumerate(tokens)}


def load_ranks() -> dict[bytes, int]:
    """Read the embedded vocabulary: token bytes -> id, in the order of ids."""
    data = zlib.decompress(_FILE.read_bytes())
    ends = list(accumulate(data[:NUM_RANKS], initial=NUM_RANKS))
    return {data[begin:end]: rank for rank, (begin, end) in enumerate(pairwise(ends))}
