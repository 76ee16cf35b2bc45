"""Which parameters of a Qwen2-VL LLaMA-Factory trains, as numbers. Tested against its own."""

from __future__ import annotations

from validator.training.config import TrainingConfig
from validator.training.shape import ModelShape

ADAPTERS = ("lora", "oft")
_BESIDE = ("embed_tokens", "lm_head", "merger")


def trained_weights(config: TrainingConfig, shape: ModelShape) -> int:
    """Parameters that get a gradient: of the model, or beside it (adapters, copies of `additional_target`)."""
    method = config["finetuning_type"]
    if method in ADAPTERS:
        return _adapters(config, shape) + _copies(config, shape)
    if method == "freeze":
        return min(abs(int(config["freeze_trainable_layers"])), shape.layers) * shape.layer
    parts = (
        ("freeze_language_model", shape.language),
        ("freeze_vision_tower", shape.vision),
        ("freeze_multi_modal_projector", shape.projector),
    )
    return sum(number for key, number in parts if not config[key])


def _adapters(config: TrainingConfig, shape: ModelShape) -> int:
    """Two matrices of `lora_rank` for every matrix that `lora_target` reaches, DoRA's vector of lengths beside them.

    OFT's blocks are counted as if they were LoRA's.
    """
    hidden, inner, keys, tower = shape.hidden, shape.inner, shape.key_size, shape.tower
    language = {
        "q_proj": (hidden, hidden),
        "k_proj": (hidden, keys),
        "v_proj": (hidden, keys),
        "o_proj": (hidden, hidden),
        "gate_proj": (hidden, inner),
        "up_proj": (hidden, inner),
        "down_proj": (inner, hidden),
    }
    vision = {
        "qkv": (tower.width, 3 * tower.width),
        "proj": (tower.width, tower.width),
        "fc1": (tower.width, tower.inner),
        "fc2": (tower.inner, tower.width),
    }
    matrices = [(name, shape.layers, size) for name, size in language.items() if not config["freeze_language_model"]]
    matrices += [(name, tower.depth, size) for name, size in vision.items() if not config["freeze_vision_tower"]]
    named = config.names("lora_target")
    rank, dora = max(int(config["lora_rank"]), 0), bool(config["use_dora"])
    return sum(
        number * (rank * (into + out) + (out if dora else 0))
        for name, number, (into, out) in matrices
        if named == ("all",) or name in named
    )


def _copies(config: TrainingConfig, shape: ModelShape) -> int:
    """Modules that are trained whole beside the adapters."""
    names = config.names("additional_target") or (_BESIDE[:2] if config["resize_vocab"] else ())
    sizes = (shape.embedding, shape.embedding, shape.projector)
    return sum(size for part, size in zip(_BESIDE, sizes, strict=True) if any(name.endswith(part) for name in names))
