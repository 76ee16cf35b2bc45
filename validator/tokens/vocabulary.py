"""The embedded vocabulary of Qwen2-VL and its successors: 151,643 byte-level BPE ranks and the tokens above them."""

from __future__ import annotations

import zlib
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
LATER_TOKENS: dict[str, int] = {
    token: NUM_RANKS + len(SPECIAL_TOKENS) + index
    for index, token in enumerate(
        (
            "<tool_call>",
            "</tool_call>",
            "<|fim_prefix|>",
            "<|fim_middle|>",
            "<|fim_suffix|>",
            "<|fim_pad|>",
            "<|repo_name|>",
            "<|file_sep|>",
        )
    )
}
"""What Qwen2.5 added to the tokenizer: 151657-151664. Text that looks like them becomes one token."""
LATEST_TOKENS: dict[str, int] = {
    token: NUM_RANKS + len(SPECIAL_TOKENS) + len(LATER_TOKENS) + index
    for index, token in enumerate(("<tool_response>", "</tool_response>", "<think>", "</think>"))
}
"""What Qwen3 added: 151665-151668."""
SPLIT_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen2's pre-tokenizer (transformers `tokenization_qwen2.py`, and `pre_tokenizer` of its tokenizer.json)."""

_FILE = Path(__file__).parent.parent / "assets" / "qwen2_vl.vocabulary"


def load_ranks() -> dict[bytes, int]:
    """Read the embedded vocabulary: token bytes -> id, in the order of ids."""
    data = zlib.decompress(_FILE.read_bytes())
    ends = list(accumulate(data[:NUM_RANKS], initial=NUM_RANKS))
    return {data[begin:end]: rank for rank, (begin, end) in enumerate(pairwise(ends))}
