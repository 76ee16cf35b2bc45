"""The processor whose counts are reproduced: the embedded Qwen2-VL, or the files of a checkpoint.

A folder (or hub repository) is read for tokenizer.json and preprocessor_config.json, or processor_config.json.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from validator.findings import clip
from validator.json_text import parse_json
from validator.models import chat_templates
from validator.models.families import EMBEDDED, FAMILIES, QWEN2_VL, QWEN3_VL, ModelFamily, of_files
from validator.named_file import read_named
from validator.processor_name import processor_named
from validator.tokens.encoder import Encoder, RankEncoder, TokenizersEncoder
from validator.tokens.vocabulary import NUM_RANKS, SPECIAL_TOKENS, SPLIT_PATTERN, load_ranks, with_added

MOST_BYTES = 256 << 20
"""Of a tokenizer.json, which has some megabytes."""
_OF_IMAGES = ("processor_config.json", "image_processor"), ("preprocessor_config.json", None)
_OF_VIDEOS = (
    ("processor_config.json", "video_processor"),
    ("video_preprocessor_config.json", None),
    ("preprocessor_config.json", None),
)
"""Where transformers 5.6.0 looks for the settings of a processor: files, and the key within; the first is taken."""
FILES = (
    "tokenizer.json",
    "preprocessor_config.json",
    "processor_config.json",
    "video_preprocessor_config.json",
    "config.json",
    "tokenizer_config.json",
    chat_templates.FILE,
)
NEEDED = ("<|image_pad|>", "<|vision_start|>", "<|vision_end|>", "<|im_start|>", "<|im_end|>")
# transformers 5.6 Qwen2VLImageProcessor: what holds when the files name no pixel limits.
CLASS_MIN_PIXELS, CLASS_MAX_PIXELS = 56 * 56, 28 * 28 * 1280
UNSHIPPED = {family.name.lower(): family for family in FAMILIES if family.embedded is None}
"""Families that need files, by a name that stands for them where there are none."""
_NOT_SHIPPED = "the vocabulary of {} is not shipped: name a folder or hub id with its tokenizer.json as --processor"
_NO_CONFIG = (
    "the processor {} has the class of Qwen3-VL's and another vocabulary: a config.json beside it would say its family"
)
_OWN_SPLIT = ("Qwen2Tokenizer", "Qwen2TokenizerFast")
"""Classes that transformers 5 gives their own rule for words, whatever tokenizer.json says."""
_SPLIT_OTHERWISE = (
    "the processor {} has a tokenizer.json that splits words otherwise than the class that its tokenizer_config.json "
    "names: which of both holds depends on the release of transformers"
)
RECIPE_SHA256 = "deeb19012d26412c87ebc28cd707bc80a1c41e606ef1ee88aa39187840115fe8"
"""Of the embedded vocabulary as tokenizer.json spells it: with these tokens and these merges, in these orders, BPE by
ranks (tiktoken) and BPE by merges (tokenizers) are the same function.
"""


@dataclass(frozen=True, slots=True)
class Processor:
    """What the counts depend on. `fingerprint` identifies the files it was made from, which lie in `folder`.
    `video_pixels`: the least and the most of a frame of a video, of Qwen3-VL of all its frames together. `unknown` says
    why no row can be counted, where none can: the encoder is then another's.
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
    family: ModelFamily = QWEN2_VL
    unknown: str | None = None
    resamples: bool = False
    """Its files change which frames of a video the class of its video processor samples, or their size."""
    paces: bool = False
    """Its files name a rate of frames, or other limits of their number than its class: some trainers sample by them."""
    chat_template: str | None = None
    """The published one that its chat_template.jinja is, by TRL's name; None: another, or none."""

    def token_id(self, token: str) -> int:
        """The id of a special token. Raises ValueError where the vocabulary lacks it."""
        try:
            return self.encoder.special_tokens[token]
        except KeyError:
            raise ValueError(
                f"The tokenizer of {self.name} has no token {token}, so it is not a Qwen2-VL tokenizer."
            ) from None


@cache
def load_processor(name: str) -> Processor:
    """Load a processor by name: one of EMBEDDED, a folder, or a hub id; one of UNSHIPPED counts nothing. Raises
    ValueError for the user.
    """
    if name != processor_named(name):
        return load_processor(processor_named(name))
    if name in EMBEDDED:
        return _shipped(name, EMBEDDED[name])
    if name in UNSHIPPED:
        family = UNSHIPPED[name]
        return replace(_shipped(name, family), unknown=_NOT_SHIPPED.format(family.name))
    folder = Path(name) if os.path.isdir(name) else _download(name)
    return _from_folder(folder, name)


def _shipped(name: str, family: ModelFamily) -> Processor:
    """A family's own geometry with the embedded vocabulary."""
    return Processor(
        name,
        RankEncoder(load_ranks, with_added(family.added_tokens)),
        family.fingerprint,
        family.min_pixels,
        family.max_pixels,
        family.patch_size,
        family.merge_size,
        family.video_pixels,
        family=family,
    )


def _download(name: str) -> Path:
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise ValueError(f"--processor {name}: there is no such folder, and it is not a hub id (ORGANISATION/NAME).")
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
    found = _config(folder, name, _OF_IMAGES)
    if found is None:
        said = f"{folder} holds neither preprocessor_config.json nor processor_config.json."
        raise ValueError(f"--processor {name}: {said}")
    config, used = found
    of_videos, used_of_videos = _config(folder, name, _OF_VIDEOS) or ({}, b"")
    model = _config_file(folder / "config.json", name) if (folder / "config.json").is_file() else ({}, b"")
    size = config["size"] if isinstance(config.get("size"), dict) else {}
    used += used_of_videos if used_of_videos != used else b""
    made = hashlib.sha256(read_named(tokenizer_file, MOST_BYTES) + used)
    family = of_files(model[0], config)
    chat_template = _chat_template(folder, name)
    made.update((chat_template or "").encode())
    processor = Processor(
        name,
        _shipped(name, QWEN2_VL).encoder if not family.templates else _encoder(tokenizer_file),
        hashlib.sha256(made.digest() + family.name.encode()).hexdigest()[:16],
        min_pixels=_limit(config.get("min_pixels"), size.get("shortest_edge"), CLASS_MIN_PIXELS),
        max_pixels=_limit(config.get("max_pixels"), size.get("longest_edge"), CLASS_MAX_PIXELS),
        patch_size=_limit(config.get("patch_size"), 14),
        merge_size=_limit(config.get("merge_size"), 2),
        video_pixels=_video_pixels(of_videos, family.class_video_pixels),
        folder=folder,
        family=family,
        resamples=_resamples(of_videos, family),
        paces=_paces(of_videos),
        chat_template=chat_template,
    )
    if not family.templates:
        return replace(processor, unknown=f"the processor {name} is {family.name}, a family that is not reproduced")
    for token in NEEDED:
        processor.token_id(token)
    if _split_otherwise(folder, processor.encoder, name):
        return replace(processor, unknown=_SPLIT_OTHERWISE.format(name))
    own = SPECIAL_TOKENS["<|image_pad|>"]
    if family is QWEN3_VL and not model[0].get("model_type") and processor.token_id("<|image_pad|>") != own:
        return replace(processor, unknown=_NO_CONFIG.format(name))
    return processor


def _chat_template(folder: Path, name: str) -> str | None:
    """The published chat template that the folder's file is. Raises ValueError for the user."""
    path = folder / chat_templates.FILE
    if not path.is_file():
        return None
    try:
        data = read_named(path, MOST_BYTES)
    except OSError as error:
        raise ValueError(f"--processor {name}: {path} cannot be read: {error.strerror}.") from None
    return chat_templates.PUBLISHED.get(hashlib.sha256(data).hexdigest())


def _video_pixels(config: Mapping[str, Any], otherwise: tuple[int, int]) -> tuple[int, int]:
    """The least and the most pixels. Either limit stands alone, or both in `size`."""
    size = config["size"] if isinstance(config.get("size"), dict) else {}
    least = _limit(config.get("min_pixels"), size.get("shortest_edge"), otherwise[0])
    return least, _limit(config.get("max_pixels"), size.get("longest_edge"), otherwise[1])


def _resamples(config: Mapping[str, Any], family: ModelFamily) -> bool:
    """Whether the settings of a video processor sample otherwise than its class: of models that time frames two a
    second, from 4 to 768, of others all.
    """
    usual = {"do_sample_frames": family.times_frames, "min_frames": 4, "max_frames": 768, "cap_pixels_per_frame": False}
    usual["fps"] = 2
    said = {name: config.get(name) for name in (*usual, "num_frames", "max_duration")}
    if not family.times_frames and not said["do_sample_frames"]:  # the rest holds for what is sampled
        return bool(said["cap_pixels_per_frame"])
    return any(value is not None and value != usual.get(name) for name, value in said.items())


def _paces(config: Mapping[str, Any]) -> bool:
    usual = {"fps": None, "min_frames": 4, "max_frames": 768, "temporal_patch_size": 2}
    return any(config.get(name) not in (None, value) for name, value in usual.items())


def _config(folder: Path, name: str, places: Iterable[tuple[str, str | None]]) -> tuple[dict[str, Any], bytes] | None:
    """The settings of a processor that are found first, and the file that holds them; None where none are."""
    for file, key in places:
        if not (folder / file).is_file():
            continue
        whole, data = _config_file(folder / file, name)
        config = whole.get(key) if key else whole
        if isinstance(config, dict):
            return {key: whole[key] for key in ("processor_class",) if key in whole} | config, data
    return None


def _config_file(path: Path, name: str) -> tuple[dict[str, Any], bytes]:
    """What a file of settings holds, and its bytes. Raises ValueError for the user."""
    try:
        data = read_named(path, MOST_BYTES)
        config = parse_json(data)
    except OSError as error:
        raise ValueError(f"--processor {name}: {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise ValueError(f"--processor {name}: {path} cannot be read: {error}.") from None
    if not isinstance(config, dict):
        raise ValueError(f"--processor {name}: {path} does not hold a JSON object.")
    return config, data


def _split_otherwise(folder: Path, encoder: Encoder, name: str) -> bool:
    """Whether the class that tokenizer_config.json names has another rule for words than tokenizer.json."""
    path = folder / "tokenizer_config.json"
    if isinstance(encoder, RankEncoder) or not path.is_file():
        return False
    if _config_file(path, name)[0].get("tokenizer_class") not in _OWN_SPLIT:
        return False
    return not _has_split(parse_json(read_named(folder / "tokenizer.json", MOST_BYTES)))


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
        raise ValueError(f"--processor: {path} is not a tokenizer: {type(error).__name__}: {error}") from None


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
    return _has_split(spec) and recipe_digest(model.get("vocab", {}), model.get("merges", [])) == RECIPE_SHA256


def _has_split(spec: Mapping[str, Any]) -> bool:
    """Whether words are split as in Qwen2's tokenizer."""
    steps = (spec.get("pre_tokenizer") or {}).get("pretokenizers", [])
    if len(steps) != 2 or steps[0].get("pattern") != {"Regex": SPLIT_PATTERN} or steps[0].get("behavior") != "Isolated":
        return False
    odd = steps[1].get("add_prefix_space") or steps[1].get("use_regex")
    return steps[1].get("type") == "ByteLevel" and not odd


def recipe_digest(vocab: Mapping[str, int], merges: list[Any]) -> str:
    """SHA-256 of the tokens below the special ones, in the order of ids, and of the merges in either spelling."""
    tokens = sorted((index, token) for token, index in vocab.items() if index < NUM_RANKS)
    lines = [f"{index} {token}" for index, token in tokens]
    lines += [merge if isinstance(merge, str) else " ".join(merge) for merge in merges]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
