"""Names and shapes of Qwen2-VL's weights. transformers 4 writes `visual.*` and `model.layers.*`, transformers 5
`model.visual.*` and `model.language_model.layers.*`; here everything has the newer name.
"""

from __future__ import annotations

from typing import Any

from validator.checkpoint.record import Shape

EMBEDDING, HEAD = "model.language_model.embed_tokens.weight", "lm_head.weight"
MOST_LAYERS = 1000
"""No Qwen2-VL has a tenth of it: what says more is no config.json."""
MOST_SIDE = 1 << 32
"""Of a tensor: what says more is no config.json."""
_TEXT_SIZES = {
    "num_hidden_layers", "hidden_size", "intermediate_size", "vocab_size", "num_attention_heads", "num_key_value_heads",
}  # fmt: skip
_VISION_SIZES = {
    "depth", "embed_dim", "mlp_ratio", "spatial_merge_size", "patch_size", "in_channels", "in_chans",
    "temporal_patch_size", "hidden_size",
}  # fmt: skip
_TEXT = ("embed_tokens.", "layers.", "norm.")


def canonical(name: str) -> str:
    """The name that transformers 5 gives a weight; other names stay as they are."""
    name = name.removeprefix("base_model.model.")  # in adapters
    if name.startswith("visual."):
        return f"model.{name}"
    if name.startswith("model.") and name[6:].startswith(_TEXT):
        return f"model.language_model.{name[6:]}"
    return name


def part_of(name: str) -> str:
    """The part that LLaMA-Factory freezes together: vision_tower, projector or language_model."""
    if "visual.patch_embed" in name or "visual.blocks" in name:
        return "vision_tower"
    return "projector" if "visual.merger" in name else "language_model"


def expected(config: dict[str, Any]) -> dict[str, Shape]:
    """Every weight that a config.json promises, with its shape. Raises KeyError, TypeError or ValueError where it
    is another's.

    `lm_head.weight` is not among them where it is tied to the embedding.
    """
    text = config.get("text_config") or config
    for part, keys in ((text, _TEXT_SIZES), (config["vision_config"], _VISION_SIZES)):
        for key in sorted(keys & part.keys()):
            if type(part[key]) not in (int, float) or not 0 < part[key] <= MOST_SIDE:
                raise ValueError(f"{key} is not a size")
    if max(text["num_hidden_layers"], config["vision_config"].get("depth", 32)) > MOST_LAYERS:
        raise ValueError(f"more than {MOST_LAYERS:,} layers")
    hidden, inner, words = text["hidden_size"], text["intermediate_size"], text["vocab_size"]
    heads, keys = text["num_attention_heads"], text["num_key_value_heads"]
    key_size = hidden // heads * keys
    shapes: dict[str, Shape] = {EMBEDDING: (words, hidden), "model.language_model.norm.weight": (hidden,)}
    for layer in range(text["num_hidden_layers"]):
        prefix = f"model.language_model.layers.{layer}."
        for letter, size in (("q", hidden), ("k", key_size), ("v", key_size)):
            shapes[f"{prefix}self_attn.{letter}_proj.weight"] = (size, hidden)
            shapes[f"{prefix}self_attn.{letter}_proj.bias"] = (size,)
        shapes[f"{prefix}self_attn.o_proj.weight"] = (hidden, hidden)
        shapes[f"{prefix}mlp.gate_proj.weight"] = shapes[f"{prefix}mlp.up_proj.weight"] = (inner, hidden)
        shapes[f"{prefix}mlp.down_proj.weight"] = (hidden, inner)
        shapes[f"{prefix}input_layernorm.weight"] = shapes[f"{prefix}post_attention_layernorm.weight"] = (hidden,)
    if not config.get("tie_word_embeddings", text.get("tie_word_embeddings", False)):
        shapes[HEAD] = (words, hidden)
    return shapes | _vision(config["vision_config"], hidden)


def _vision(vision: dict[str, Any], hidden: int) -> dict[str, Shape]:
    size = vision.get("embed_dim", 1280)
    inner = int(size * vision.get("mlp_ratio", 4))
    merged = size * vision.get("spatial_merge_size", 2) ** 2
    patch = vision.get("patch_size", 14)
    shapes: dict[str, Shape] = {
        "model.visual.patch_embed.proj.weight": (
            size,
            vision.get("in_channels", vision.get("in_chans", 3)),
            vision.get("temporal_patch_size", 2),
            patch,
            patch,
        )
    }
    layers: list[tuple[str, int, int]] = []
    for block in range(vision.get("depth", 32)):
        prefix = f"model.visual.blocks.{block}."
        layers += [(f"{prefix}attn.qkv", 3 * size, size), (f"{prefix}attn.proj", size, size)]
        layers += [(f"{prefix}mlp.fc1", inner, size), (f"{prefix}mlp.fc2", size, inner)]
        layers += [(f"{prefix}norm1", size, 0), (f"{prefix}norm2", size, 0)]
    layers += [("model.visual.merger.ln_q", size, 0), ("model.visual.merger.mlp.0", merged, merged)]
    layers.append(("model.visual.merger.mlp.2", vision.get("hidden_size", hidden), merged))
    for name, out, into in layers:
        shapes[f"{name}.weight"] = (out, into) if into else (out,)
        shapes[f"{name}.bias"] = (out,)
    return shapes
