"""What a checkpoint's tensors are, in few numbers, and where two checkpoints differ. Plain data, no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from validator.findings import count

Floats = NDArray[np.float32]
GROWN = 1.5
"""Attention logits that may have become this many times as large are named."""
_NO_PLACE = ("", "model", "language_model", "visual", "layers", "blocks")
NAMED = 3
"""Differences that are named of one place."""
LEAST = 1e-3
"""Relative change from which a tensor counts as another: rounding to bf16 moves a weight by less than 1/256 of it."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One parameter: numbers that are none and in which rows (the first few), largest, root mean square, and every n-th
    element (`sketch`), which estimates the distance between two.
    """

    shape: tuple[int, ...]
    nonfinite: int
    nonfinite_rows: tuple[int, ...]
    largest: float
    rms: float
    sketch: Floats


@dataclass(frozen=True, slots=True)
class Weights:
    """All parameters by the names of their modules. `attention`: for each layer the largest factor by which its heads
    can stretch a normalised input to a logit. `tokens`: rows of the embedding that belong to special tokens.
    """

    tensors: Mapping[str, Tensor]
    attention: Mapping[str, float] = field(default_factory=dict)
    tokens: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One tensor (or attention, or a token's row) in which two checkpoints differ. `size` orders them."""

    name: str
    size: float
    what: str


def differences(mine: Weights, reference: Weights) -> list[Difference]:
    """Where the first checkpoint differs from the second, the largest difference first."""
    found = []
    for name, tensor in mine.tensors.items():
        other = reference.tensors.get(name)
        if other is None or other.shape != tensor.shape:
            found.append(Difference(name, 0.5, "is not in the reference" if other is None else "has another shape"))
        elif (difference := _tensor(name, tensor, other)) is not None:
            found.append(difference)
    for layer, size in mine.attention.items():
        before = reference.attention.get(layer, 0.0)
        if before > 0 and math.isfinite(size) and size > GROWN * before:
            what = f"attention logits may be {size / before:.3g} times as large as in the reference"
            found.append(Difference(layer, 10 * math.log(size / before), what))
    for token, row in mine.tokens.items():
        then = reference.tokens.get(token)
        if then is not None and then.shape == row.shape and (moved := _moved(row, then)) > LEAST:
            found.append(Difference(f"embedding of {token}", moved, f"is moved by {moved:.1%} of its length"))
    return sorted(found, key=lambda item: (-item.size, item.name))


def at(place: str | None, found: list[Difference]) -> list[Difference]:
    """The differences within a module, or around it where nothing inside differs: its block, then everything."""
    parts = (place or "").split(".")
    while parts and parts[-1] not in _NO_PLACE:
        inside = ".".join(parts)
        here = [item for item in found if item.name == inside or item.name.startswith(f"{inside}.")]
        if here:
            return here[:NAMED]
        parts.pop()
    return found[:NAMED]


def in_words(found: list[Difference]) -> str:
    """The differences as one line."""
    return "; ".join(f"{item.name} {item.what}" for item in found) or "nothing: all tensors are the same"


def _tensor(name: str, tensor: Tensor, other: Tensor) -> Difference | None:
    if tensor.nonfinite > other.nonfinite:
        rows = f", in row {', '.join(map(str, tensor.nonfinite_rows))}" if tensor.nonfinite_rows else ""
        return Difference(name, math.inf, f"has NaN or Inf in {count(tensor.nonfinite, 'element')}{rows}")
    moved = _moved(tensor.sketch, other.sketch)
    if not moved > LEAST:
        return None
    grown = tensor.rms / other.rms if other.rms > 0 else math.inf
    size = moved + 10 * abs(math.log(grown)) if 0 < grown < math.inf else math.inf
    return Difference(name, size, f"has {grown:.3g} times the reference's root mean square, moved by {moved:.1%}")


def _moved(here: Floats, there: Floats) -> float:
    length = float(np.linalg.norm(there))
    if not np.isfinite(here).all():
        return math.inf
    return float(np.linalg.norm(here - there)) / length if length > 0 else math.inf if here.any() else 0.0
