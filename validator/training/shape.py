"""The size of a Qwen2-VL model: from its config.json, or from a name that says it. And the memory that follows."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from validator.json_text import parse_json
from validator.named_file import read_named

_QWEN2_VL = re.compile(r"qwen2-vl-\d+b")
_SIZE = re.compile(r"qwen2-vl-(2b|7b|72b)")

GIB = 1 << 30
MOST_BYTES = 16 << 20
"""Of a config.json, which has a few kilobytes."""
MOST = 100_000_000
"""Layers, heads, words, elements: what is above is no size of a model."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Layers, hidden size, inner size, words (rows of the embedding), and parameters of the vision tower."""

    name: str
    layers: int
    hidden: int
    inner: int
    words: int
    heads: int
    key_heads: int
    tied: bool
    vision: int = 665_000_000

    @property
    def language(self) -> int:
        """Parameters of the language model, embedding and head included."""
        head = self.hidden // self.heads * self.key_heads
        layer = 2 * self.hidden * (self.hidden + head) + 3 * self.hidden * self.inner
        return self.layers * layer + self.words * self.hidden * (1 if self.tied else 2)


SHAPES = {
    "2B": ModelShape("Qwen2-VL-2B", 28, 1536, 8960, 151936, 12, 2, tied=True),
    "7B": ModelShape("Qwen2-VL-7B", 28, 3584, 18944, 152064, 28, 4, tied=False),
    "72B": ModelShape("Qwen2-VL-72B", 80, 8192, 29568, 152064, 64, 8, tied=False),
}
"""Source: config.json of Qwen2-VL-*-Instruct. The vision tower is the same in all of them, up to its projector."""


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
    found = _SIZE.search(name.lower())
    return SHAPES[found[1].upper()] if found else None


def model_type(name: str | None) -> str | None:
    """The `model_type` of a model's config.json, or what its name says, None where neither does."""
    if name is None:
        return None
    config = model_file(name)
    if config is None:
        return "qwen2_vl" if _QWEN2_VL.search(name.lower()) else None
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
        raise ValueError("text_config is no object")
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
    )


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


def activation_bytes(tokens: int, shape: ModelShape) -> int:
    """An estimate for so many tokens of one micro-batch, with gradient checkpointing and flash attention: logits (BF16
    and two copies in FP32), a BF16 copy of the hidden states per layer, one layer computed again.
    """
    once = 2 * (8 * shape.hidden + 4 * shape.inner)
    return tokens * (10 * shape.words + 2 * shape.hidden * shape.layers + once)


def state_bytes(shape: ModelShape, *, stage: int | None, gpus: int, trained: int) -> int:
    """An estimate of weights, gradients and Adam's state on one GPU for `trained` parameters.

    `stage`: ZeRO's, None without DeepSpeed (weights that are trained are then in FP32, as LLaMA-Factory casts them).
    """
    frozen = shape.language + shape.vision - trained
    if stage is None:
        return 2 * frozen + 16 * trained
    weights = 2 * (frozen + trained) // (gpus if stage >= 3 else 1)
    gradients = 2 * trained // (gpus if stage >= 2 else 1)
    return weights + gradients + 12 * trained // (gpus if stage >= 1 else 1)
