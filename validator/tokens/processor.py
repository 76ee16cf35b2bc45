"""The processor whose counts are reproduced: the embedded Qwen2-VL, or the files of a checkpoint.

A folder (or hub repository) is read for tokenizer.json and preprocessor_config.json, or processor_config.json.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from validator.findings import clip
from validator.json_text import parse_json
from validator.named_file import read_named
from validator.tokens.encoder import Encoder, RankEncoder, TokenizersEncoder
from validator.tokens.vocabulary import (
    LATER_TOKENS,
    LATEST_TOKENS,
    NUM_RANKS,
    SPECIAL_TOKENS,
    SPLIT_PATTERN,
    load_ranks,
)

MOST_BYTES = 256 << 20
"""Of a tokenizer.json, which has some megabytes."""
Model = Literal["qwen2-vl", "qwen3-vl"]
"""Families with templates and video processors of their own."""
_OF_IMAGES = ("processor_config.json", "image_processor"), ("preprocessor_config.json", None)
_OF_VIDEOS = (
    ("processor_config.json", "video_processor"),
    ("video_preprocessor_config.json", None),
    ("preprocessor_config.json", None),
)
"""Where transformers 5.6.0 looks for the settings of a processor: files, and the key within; the first is taken."""
FILES = ("tokenizer.json", "preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json")
EMBEDDED: dict[str, tuple[str, dict[str, int]]] = {
    "embedded": ("qwen2_vl", SPECIAL_TOKENS),
    "qwen2.5-vl": ("qwen2_5_vl", SPECIAL_TOKENS | LATER_TOKENS),
    "qwen3-vl": ("qwen3_vl", SPECIAL_TOKENS | LATER_TOKENS | LATEST_TOKENS),
}
"""What needs no files. Qwen2.5-VL differs from Qwen2-VL in its tokens for tools and code; patches, pixel limits and the
sampling of videos are the same, and its seconds per frame change positions, not counts. Qwen3-VL has larger patches.
"""
# transformers 5.6 Qwen2VLImageProcessor: what holds when the files name no pixel limits.
CLASS_MIN_PIXELS, CLASS_MAX_PIXELS = 56 * 56, 28 * 28 * 1280
_CLASS_VIDEO_PIXELS: Mapping[Model, tuple[int, int]] = {
    "qwen2-vl": (128 * 28 * 28, 768 * 28 * 28),
    "qwen3-vl": (128 * 32 * 32, 768 * 32 * 32),
}
"""The same of Qwen2VLVideoProcessor and Qwen3VLVideoProcessor."""
RECIPE_SHA256 = "deeb19012d26412c87ebc28cd707bc80a1c41e606ef1ee88aa39187840115fe8"
"""Of the embedded vocabulary as tokenizer.json spells it: with these tokens and these merges, in these orders, BPE by
ranks (tiktoken) and BPE by merges (tokenizers) are the same function.
"""


@dataclass(frozen=True, slots=True)
class Processor:
    """What the counts depend on. `fingerprint` identifies the files it was made from, which lie in `folder`; `model`
    names a family with a template of its own. `video_pixels`: the least and the most of a frame of a video, of Qwen3-VL
    of all its frames together.
    """

    name: str
    encoder: Encoder
    fingerprint: str
    min_pixels: int = 3136
    max_pixels: int = 12845056
    patch_size: int = 14
    merge_size: int = 2
    video_pixels: tuple[int, int] = (3136, 12845056)
    folder: Path | None = None
    model: Model = "qwen2-vl"

    def token_id(self, token: str) -> int:
        """The id of a special token. Raises ValueError where the vocabulary lacks it."""
        try:
            return self.encoder.special_tokens[token]
        except KeyError:
            raise ValueError(
                f"The tokenizer of {self.name} has no token {token}: it is no Qwen2-VL tokenizer."
            ) from None


@cache
def load_processor(name: str) -> Processor:
    """Load a processor by name: one of EMBEDDED, a folder, or a hub id. Raises ValueError for the user."""
    if name in EMBEDDED:
        fingerprint, special_tokens = EMBEDDED[name]
        encoder = RankEncoder(load_ranks, special_tokens)
        if name == "qwen3-vl":
            return Processor(
                name,
                encoder,
                fingerprint,
                min_pixels=256 * 256,
                max_pixels=4096 * 4096,
                video_pixels=(64 * 64, 4096 * 6144),
                patch_size=16,
                model="qwen3-vl",
            )
        return Processor(name, encoder, fingerprint)
    folder = Path(name) if os.path.isdir(name) else _download(name)
    processor = _from_folder(folder, name)
    for token in ("<|image_pad|>", "<|vision_start|>", "<|vision_end|>", "<|im_start|>", "<|im_end|>"):
        processor.token_id(token)
    return processor


def _download(name: str) -> Path:
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise ValueError(f"--processor {name}: no such folder, and it is no hub id (ORGANISATION/NAME).")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES)))
    except Exception as error:  # offline, unknown, gated: the hub client raises many kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"--processor {name}: it cannot be had from the hub: {reason}") from None


def _from_folder(folder: Path, name: str) -> Processor:
    tokenizer_file = folder / "tokenizer.json"
    if not tokenizer_file.is_file():
        raise ValueError(f"--processor {name}: {tokenizer_file} does not exist.")
    config, used = _config(folder, name, _OF_IMAGES)
    of_videos, used_of_videos = _config(folder, name, _OF_VIDEOS)
    size = config["size"] if isinstance(config.get("size"), dict) else {}
    used += used_of_videos if used_of_videos != used else b""
    fingerprint = hashlib.sha256(read_named(tokenizer_file, MOST_BYTES) + used).hexdigest()[:16]
    model: Model = "qwen3-vl" if "Qwen3VL" in str(config.get("processor_class", "")) else "qwen2-vl"
    return Processor(
        name,
        _encoder(tokenizer_file),
        fingerprint,
        min_pixels=_limit(config.get("min_pixels"), size.get("shortest_edge"), CLASS_MIN_PIXELS),
        max_pixels=_limit(config.get("max_pixels"), size.get("longest_edge"), CLASS_MAX_PIXELS),
        patch_size=_limit(config.get("patch_size"), 14),
        merge_size=_limit(config.get("merge_size"), 2),
        video_pixels=_video_pixels(of_videos, _CLASS_VIDEO_PIXELS[model]),
        folder=folder,
        model=model,
    )


def _video_pixels(config: Mapping[str, Any], otherwise: tuple[int, int]) -> tuple[int, int]:
    """The least and the most pixels. Either limit stands alone, or both in `size`."""
    size = config["size"] if isinstance(config.get("size"), dict) else {}
    least = _limit(config.get("min_pixels"), size.get("shortest_edge"), otherwise[0])
    return least, _limit(config.get("max_pixels"), size.get("longest_edge"), otherwise[1])


def _config(folder: Path, name: str, places: Iterable[tuple[str, str | None]]) -> tuple[dict[str, Any], bytes]:
    """The settings of a processor that are found first, and the file that holds them."""
    for file, key in places:
        path = folder / file
        if not path.is_file():
            continue
        try:
            data = read_named(path, MOST_BYTES)
            config = parse_json(data)
        except OSError as error:
            raise ValueError(f"--processor {name}: {path} cannot be read: {error.strerror}.") from None
        except ValueError as error:
            raise ValueError(f"--processor {name}: {path} cannot be read: {error}.") from None
        config = config.get(key) if key and isinstance(config, dict) else config
        if isinstance(config, dict):
            return config, data
    raise ValueError(f"--processor {name}: {folder} holds neither preprocessor_config.json nor processor_config.json.")


def _limit(*candidates: Any) -> int:
    """The first of some numbers that is given. Raises ValueError where it is none to count pixels with."""
    value = next(value for value in candidates if value is not None)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1 <= value < 2**53:
        raise ValueError(f"--processor: the image processor's settings hold {clip(repr(value), 40)} for a size.")
    return int(value)


def _encoder(path: Path) -> Encoder:
    """tiktoken where the file is provably the embedded vocabulary and recipe, otherwise the `tokenizers` library."""
    try:
        spec = parse_json(read_named(path, MOST_BYTES))
        special_tokens = _plain_added_tokens(spec)
        if special_tokens is not None and _is_embedded_recipe(spec):
            return RankEncoder(load_ranks, special_tokens)
        return TokenizersEncoder(str(path))
    except Exception as error:  # JSON of any shape; the tokenizers library raises bare Exceptions
        raise ValueError(f"--processor: {path} is no tokenizer: {type(error).__name__}: {error}") from None


def _plain_added_tokens(spec: Mapping[str, Any]) -> dict[str, int] | None:
    added = spec.get("added_tokens", [])
    flags = ("lstrip", "rstrip", "single_word", "normalized")
    if any(token.get(flag) for token in added for flag in flags):
        return None
    return {token["content"]: token["id"] for token in added}


def _is_embedded_recipe(spec: Mapping[str, Any]) -> bool:
    model = spec.get("model", {})
    if model.get("type") != "BPE" or model.get("dropout") or (spec.get("normalizer") or {}).get("type") != "NFC":
        return False
    if model.get("byte_fallback") or model.get("ignore_merges") or model.get("continuing_subword_prefix"):
        return False
    steps = (spec.get("pre_tokenizer") or {}).get("pretokenizers", [])
    if len(steps) != 2 or steps[0].get("pattern") != {"Regex": SPLIT_PATTERN} or steps[0].get("behavior") != "Isolated":
        return False
    if steps[1].get("type") != "ByteLevel" or steps[1].get("add_prefix_space") or steps[1].get("use_regex"):
        return False
    return recipe_digest(model.get("vocab", {}), model.get("merges", [])) == RECIPE_SHA256


def recipe_digest(vocab: Mapping[str, int], merges: list[Any]) -> str:
    """SHA-256 of the tokens below the special ones, in the order of ids, and of the merges in either spelling."""
    tokens = sorted((index, token) for token, index in vocab.items() if index < NUM_RANKS)
    lines = [f"{index} {token}" for index, token in tokens]
    lines += [merge if isinstance(merge, str) else " ".join(merge) for merge in merges]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
