"""A folder of the shape that a Qwen3.5 is published in, with a small vocabulary: its own is not ours to ship."""

import json
from pathlib import Path

from validator.tokens.encoder import tokenizer_of

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
"""Marks belong to words, other than in Qwen2's (transformers `tokenization_qwen3_5.py`)."""
MERGED = (
    "user", "assistant", "system", "the", " the", "ing", "think", "tool", "function", "parameter", "name", "\n\n",
    "\n\n\n", "ация", "मुझे", "的", "你好", "  ", "image", " a", "es", "er",
)  # fmt: skip
SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
PLAIN = (
    "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
    "<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>",
)  # fmt: skip
IMAGES = {
    "size": {"shortest_edge": 65536, "longest_edge": 16777216},
    "patch_size": 16,
    "temporal_patch_size": 2,
    "merge_size": 2,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "processor_class": "Qwen3VLProcessor",
    "image_processor_type": "Qwen2VLImageProcessorFast",
}
VIDEOS = {
    "size": {"shortest_edge": 4096, "longest_edge": 25165824},
    "video_processor_type": "Qwen3VLVideoProcessor",
}


def make_folder(folder: Path, model_type: str = "qwen3_5", tokenizer_class: str = "TokenizersBackend") -> Path:
    """Write config.json, tokenizer.json and the settings of tokenizer and processors."""
    ranks = _ranks()
    tokens = [
        {
            "id": len(ranks) + number,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": token in SPECIAL,
        }
        for number, token in enumerate((*SPECIAL, *PLAIN))
    ]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated", "invert": False}
    written = {
        "tokenizer.json": {
            **json.loads(tokenizer_of(ranks).to_str()),
            "added_tokens": tokens,
            "normalizer": {"type": "NFC"},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
            "decoder": byte_level,
        },
        "tokenizer_config.json": {
            "tokenizer_class": tokenizer_class, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
            "bos_token": None, "unk_token": None, "add_prefix_space": False, "add_bos_token": False,
            "clean_up_tokenization_spaces": False, "split_special_tokens": False,
            "added_tokens_decoder": {
                str(token["id"]): {key: value for key, value in token.items() if key != "id"} for token in tokens
            },
        },
        "preprocessor_config.json": IMAGES,
        "video_preprocessor_config.json": {**IMAGES, **VIDEOS},
        "config.json": {"model_type": model_type},
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in written.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return folder


def _ranks() -> dict[bytes, int]:
    """A token for each byte, and for what MERGED is put together of, from left to right."""
    ranks = {bytes([number]): number for number in range(256)}
    for word in MERGED:
        text = word.encode()
        for end in range(2, len(text) + 1):
            ranks.setdefault(text[:end], len(ranks))
    return ranks
