"""The size of a Qwen2-VL model: from its config.json, or from a name that says it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from validator.json_text import parse_json
from validator.models.families import named_type
from validator.named_file import read_named

_SIZE = re.compile(r"qwen2-vl-(2b|7b|72b)")

GIB = 1 << 30
MOST_BYTES = 16 << 20
"""Of a config.json, which has a few kilobytes."""
MOST = 100_000_000
"""Layers, heads, words, elements: what is above is no size of a model."""


@dataclass(frozen=True, slots=True)
class Tower:
    """Qwen2-VL's vision tower: blocks, width, inner width, values of a patch, patches that one token is merged from."""

    depth: int = 32
    width: int = 1280
    inner: int = 5120
    patch: int = 3 * 2 * 14 * 14
    merged: int = 4

    @property
    def linear(self) -> int:
        """Weights of the matrices of one block: qkv, proj, fc1, fc2."""
        return self.width * (4 * self.width + 2 * self.inner)


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Layers, hidden size, inner size, words (rows of the embedding), heads, and the vision tower; `bits` of a weight
    of its matrices where the checkpoint itself is quantized.
    """

    name: str
    layers: int
    hidden: int
    inner: int
    words: int
    heads: int
    key_heads: int
    tied: bool
    tower: Tower = Tower()
    bits: int | None = None

    @property
    def key_size(self) -> int:
        """Columns of the keys of a layer."""
        return self.hidden // self.heads * self.key_heads

    @property
    def linear(self) -> int:
        """Weights of the matrices of one layer: q, k, v, o, gate, up, down."""
        return 2 * self.hidden * (self.hidden + self.key_size) + 3 * self.hidden * self.inner

    @property
    def layer(self) -> int:
        """Parameters of one layer: matrices, biases of q, k and v, two norms."""
        return self.linear + 3 * self.hidden + 2 * self.key_size

    @property
    def embedding(self) -> int:
        """Parameters of the embedding; the head has as many."""
        return self.words * self.hidden

    @property
    def language(self) -> int:
        """Parameters of the language model, embedding and head included."""
        return self.layers * self.layer + self.hidden + self.embedding * (1 if self.tied else 2)

    @property
    def vision(self) -> int:
        """Parameters of the vision tower without its projector."""
        tower = self.tower
        biases = 4 * tower.width + tower.inner + tower.width + 4 * tower.width  # of qkv, proj, fc1, fc2; two norms
        return tower.depth * (tower.linear + biases) + tower.width * tower.patch

    @property
    def projector(self) -> int:
        """Parameters of the merger: a norm and two matrices with biases."""
        merged = self.tower.merged * self.tower.width
        return 2 * self.tower.width + merged * (merged + 1) + self.hidden * (merged + 1)


SHAPES = {
    "2B": ModelShape("Qwen2-VL-2B", 28, 1536, 8960, 151936, 12, 2, tied=True),
    "7B": ModelShape("Qwen2-VL-7B", 28, 3584, 18944, 152064, 28, 4, tied=False),
    "72B": ModelShape("Qwen2-VL-72B", 80, 8192, 29568, 152064, 64, 8, tied=False),
}
"""Source: config.json of Qwen2-VL-*-Instruct. The vision tower is the same in all of them, up to its projector."""
_BITS = re.compile(r"awq|int(4|8)$")
"""Qwen's names of quantized models: AWQ (4 bits), GPTQ-Int4, GPTQ-Int8."""


def on_disk(name: str | None) -> Path | None:
    """The folder of a model: the name itself, or the hub's cache of it on this machine; None where it is in neither."""
    if not name:
        return None
    if os.path.isdir(name):  # pathlib's raises where a name is too long for the file system
        return Path(name)
    home = Path(os.environ.get("HF_HOME") or Path("~/.cache/huggingface").expanduser())
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub") / f"models--{name.replace('/', '--')}"
    try:
        folder = cache / "snapshots" / read_named(cache / "refs" / "main", 1 << 10).decode().strip()
    except (OSError, ValueError):
        return None
    return folder if os.path.isdir(folder) else None


def shape_of(name: str | None) -> ModelShape | None:
    """The shape of a model by its folder or name, None where neither says it."""
    if name is None:
        return None
    config = model_file(name)
    if config is not None:
        try:
            return _from_config(Path(name).name, config)
        except ValueError:
            return None
    found, bits = _SIZE.search(name.lower()), _BITS.search(name.lower())
    return replace(SHAPES[found[1].upper()], bits=int(bits[1] or 4) if bits else None) if found else None


def model_type(name: str | None) -> str | None:
    """The `model_type` of a model's config.json, or what its name says, None where neither does."""
    if name is None:
        return None
    config = model_file(name)
    if config is None:
        return named_type(name)
    value = config.get("model_type")
    return value if isinstance(value, str) else None


def model_file(name: str, file: str = "config.json") -> dict[str, Any] | None:
    """A JSON file of a model on this disk, None where there is none that holds an object."""
    folder = on_disk(name)
    try:
        value = parse_json(read_named(folder / file, MOST_BYTES)) if folder else None
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _from_config(name: str, config: dict[str, Any]) -> ModelShape | None:
    if config.get("model_type") != "qwen2_vl":
        return None
    text = config.get("text_config") or config  # nested since transformers 4.52
    if not isinstance(text, dict):
        raise ValueError("text_config is not an object")
    layers, hidden, inner, words, heads, key_heads = (_size(text.get(key)) for key in _SIZES)
    return ModelShape(
        name,
        layers,
        hidden,
        inner,
        words,
        heads,
        key_heads,
        tied=bool(config.get("tie_word_embeddings", text.get("tie_word_embeddings", False))),
        tower=_tower(config.get("vision_config")),
        bits=_bits(config.get("quantization_config")),
    )


def _tower(config: Any) -> Tower:
    """The vision tower; what config.json leaves out is as in Qwen2-VL."""
    given = config if isinstance(config, dict) else {}
    sides = {"depth": 32, "embed_dim": 1280, "mlp_ratio": 4, "patch_size": 14, "temporal_patch_size": 2}
    depth, width, ratio, patch, frames = (_size(given.get(key, default)) for key, default in sides.items())
    channels, merge = _size(given.get("in_channels", 3)), _size(given.get("spatial_merge_size", 2))
    return Tower(depth, width, width * ratio, channels * frames * patch * patch, merge * merge)


def _bits(config: Any) -> int | None:
    """Bits of a weight of a quantized checkpoint."""
    if not isinstance(config, dict):
        return None
    bits = config.get("bits", config.get("w_bit", 4 if config.get("load_in_4bit") else None))
    return bits if isinstance(bits, int) and not isinstance(bits, bool) and 1 <= bits <= 8 else None


_SIZES = (
    "num_hidden_layers",
    "hidden_size",
    "intermediate_size",
    "vocab_size",
    "num_attention_heads",
    "num_key_value_heads",
)


def _size(value: Any) -> int:
    """A size as config.json gives it. Raises ValueError where it is none."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MOST:
        raise ValueError("no size")
    return value
