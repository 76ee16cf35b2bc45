"""Reads a loaded model's parameters into `Weights`: one pass, in pieces."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from validator.replaying.model import base_of
from validator.replaying.watch import plain
from validator.replaying.weights import Tensor, Weights

PIECE = 1 << 22
"""Elements that are looked at together."""
SKETCH = 4096
ROWS = 5
"""Rows with numbers that are none that are named."""
_TOKENS = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")


def weigh(model: nn.Module) -> Weights:
    """The numbers of all parameters, the reach of each layer's attention, the rows of the tokens around pictures."""
    with torch.no_grad():
        tensors = {plain(name): _tensor(parameter.detach()) for name, parameter in model.named_parameters()}
        base = base_of(model)
        table = base.get_input_embeddings().weight
        tokens = {
            name.removesuffix("_token_id"): table[getattr(base.config, name)].float().cpu().numpy().copy()
            for name in _TOKENS
            if getattr(base.config, name, None) is not None and getattr(base.config, name) < len(table)
        }
        return Weights(tensors, dict(_attention(base)), tokens)


def _tensor(parameter: torch.Tensor) -> Tensor:
    flat = parameter.reshape(-1)
    nonfinite, squares, largest = 0, 0.0, 0.0
    for start in range(0, flat.numel(), PIECE):
        piece = flat[start : start + PIECE].float()
        finite = torch.isfinite(piece)
        nonfinite += int((~finite).sum())
        piece = torch.where(finite, piece, 0.0)
        squares += float(piece.double().square().sum())
        largest = max(largest, float(piece.abs().max()))
    rows: tuple[int, ...] = ()
    if nonfinite and parameter.dim() == 2:
        bad = (~torch.isfinite(parameter)).any(dim=1).nonzero()[:ROWS, 0]
        rows = tuple(int(row) for row in bad)
    stride = max(1, flat.numel() // SKETCH) | 1
    sketch = flat[::stride].float().cpu().numpy().copy()
    rms = math.sqrt(squares / max(flat.numel() - nonfinite, 1))
    return Tensor(tuple(parameter.shape), nonfinite, rows, largest, rms, sketch)


def _attention(base: Any) -> Any:
    """For each layer of the language model the largest singular value of Wq' Wk / sqrt(head) over its heads, with the
    norm before them folded in: by how much a head can stretch a normalised input to a logit.
    """
    config = base.config.get_text_config()
    heads, groups = config.num_attention_heads, config.num_key_value_heads
    for number, layer in enumerate(base.model.language_model.layers):
        scale = layer.input_layernorm.weight.float()
        query = (_weight(layer.self_attn.q_proj) * scale).unflatten(0, (heads, -1))
        key = (_weight(layer.self_attn.k_proj) * scale).unflatten(0, (groups, -1))
        key = key.repeat_interleave(heads // groups, dim=0)
        of_query, of_key = query @ query.mT, key @ key.mT
        product = (of_query @ of_key).double()
        if not torch.isfinite(product).all():
            continue
        largest = torch.linalg.eigvals(product).real.amax()
        size = float(largest.clamp(min=0).sqrt()) / math.sqrt(query.shape[1])
        yield f"model.language_model.layers.{number}.self_attn", size


def _weight(linear: Any) -> torch.Tensor:
    """The matrix in use, an adapter's part included."""
    if not hasattr(linear, "get_delta_weight"):
        return linear.weight.float()
    weight = linear.base_layer.weight.float()
    for adapter in linear.active_adapters:
        weight = weight + linear.get_delta_weight(adapter).float()
    return weight
