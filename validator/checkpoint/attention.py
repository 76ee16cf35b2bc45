"""How large attention logits can become: the spectral norm of q'k per head.

BF16 breaks when they grow: with q and k at 2, 4 and 8 times their size the gradient of a BF16 step is 2, 12 and 89 %
off the FP32 one, while the loss and the largest activation look as before (measured on a small model).
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from validator.checkpoint.record import Attention
from validator.checkpoint.shards import SIZES, Shards
from validator.checkpoint.stream import Reader

ROUNDS = 40
_QUERY = re.compile(r"model\.language_model\.layers\.(\d+)\.self_attn\.q_proj\.weight")


def grown(here: Shards, base: Shards, reader: Reader, base_reader: Reader, head_size: int) -> list[Attention]:
    """Every layer's attention in both, by the head that has grown most."""
    found = []
    for name in sorted(here.places, key=lambda name: (len(name), name)):
        match = _QUERY.fullmatch(name)
        if match and name in base.places:
            ours = largest_logits(here, reader, int(match[1]), head_size)
            theirs = largest_logits(base, base_reader, int(match[1]), head_size)
            if ours is not None and theirs is not None and len(ours) == len(theirs):
                head = int(np.argmax(ours / np.maximum(theirs, 1e-30)))
                found.append(Attention(int(match[1]), head, float(ours[head]), float(theirs[head])))
    return found


def largest_logits(shards: Shards, reader: Reader, layer: int, head_size: int) -> NDArray[np.float64] | None:
    """For every query head the spectral norm of its q'k, both behind the layer's norm weight; None where a weight is
    missing or not finite.

    The squares of the singular values of q'k are the eigenvalues of (q q')(k k'), which is only as large as a head.
    """
    prefix = f"model.language_model.layers.{layer}."
    names = [f"{prefix}self_attn.q_proj.weight", f"{prefix}self_attn.k_proj.weight", f"{prefix}input_layernorm.weight"]
    places = [shards.places.get(name) for name in names]
    if any(place is None or place.dtype not in SIZES or not place.elements for place in places):
        return None
    scale = reader.whole(places[2])  # type: ignore[arg-type]
    squares = []
    for place in places[:2]:
        weight = reader.whole(place)  # type: ignore[arg-type]
        if weight.ndim != 2 or weight.shape[0] % head_size or weight.shape[1:] != scale.shape:
            return None
        heads = (weight * scale).reshape(-1, head_size, weight.shape[1])
        squares.append(np.matmul(heads, heads.transpose(0, 2, 1)).astype(np.float64))
    queries, keys = squares
    if len(queries) % len(keys) or not all(np.isfinite(part).all() for part in squares):
        return None
    product = queries @ np.repeat(keys, len(queries) // len(keys), axis=0)
    vector = np.random.default_rng(0).standard_normal((len(product), head_size, 1))
    length = np.ones(len(product))
    for _ in range(ROUNDS):
        vector = product @ vector
        length = np.linalg.norm(vector, axis=(1, 2))
        vector /= np.maximum(length, 1e-300)[:, None, None]
    return np.sqrt(length)
