"""One pass over every tensor of a checkpoint, beside the base's where there is one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validator.checkpoint.names import EMBEDDING, HEAD
from validator.checkpoint.record import EmbeddingRow, TensorFacts
from validator.checkpoint.shards import SIZES, Shards, TensorPlace, read_json
from validator.checkpoint.stream import Reader, squares

SPECIAL = {
    151643: "<|endoftext|>",
    151644: "<|im_start|>",
    151645: "<|im_end|>",
    151652: "<|vision_start|>",
    151653: "<|vision_end|>",
    151654: "<|vision_pad|>",
    151655: "<|image_pad|>",
    151656: "<|video_pad|>",
}
"""Qwen2-VL's own, where the checkpoint has no tokenizer.json."""
Told = Callable[[int], None]


def measure(
    here: Reader,
    place: TensorPlace,
    name: str,
    base: Reader | None,
    other: TensorPlace | None,
    ids: Sequence[int],
    told: Told,
) -> tuple[TensorFacts, dict[str, NDArray[Any]]]:
    """The facts of one tensor; and for the ids given, the squared length of every row and the drift of those rows."""
    comparing = base is not None and other is not None and other.dtype in SIZES and other.shape == place.shape
    width = place.shape[-1] if len(place.shape) == 2 and ids else 0
    rows = np.empty(place.shape[0] if width else 0)
    moved = dict.fromkeys(ids, 0.0) if width and comparing else {}
    total = base_total = moved_total = largest = 0.0
    count, first = 0, None
    row = width or 1
    others = base.pieces(other, row) if comparing and base is not None and other is not None else None
    for piece in here.pieces(place, row):
        told(len(piece.values) * SIZES[place.dtype])
        if piece.faulty is not None:
            if first is None:
                first = piece.begin + int(piece.faulty[0])
            count += len(piece.faulty)
        values = piece.finite()
        largest = max(largest, float(max(values.max(), -values.min())))
        if width:
            begin, table = piece.begin // width, values.reshape(-1, width)
            with np.errstate(over="ignore"):
                rows[begin : begin + len(table)] = np.einsum("ij,ij->i", table, table)
            if piece.faulty is not None:
                rows[begin + np.unique(piece.faulty // width)] = np.nan
        total += squares(values)
        if others is not None:
            before = next(others).finite()
            base_total += squares(before)
            with np.errstate(over="ignore"):
                change = np.subtract(values, before)
            moved_total += squares(change)
            if width:
                differences, olds = change.reshape(-1, width), before.reshape(-1, width)
                for index in moved:
                    if begin <= index < begin + len(differences):
                        old = squares(olds[index - begin])
                        moved[index] = math.sqrt(squares(differences[index - begin]) / old) if old else math.inf
    number = max(place.elements, 1)
    facts = TensorFacts(
        name=name,
        written=place.written,
        shard=place.file.name,
        dtype=place.dtype,
        shape=place.shape,
        non_finite=count,
        first=None if first is None else tuple(int(side) for side in np.unravel_index(first, place.shape)),
        largest=largest,
        rms=math.sqrt(total / number),
        base_rms=math.sqrt(base_total / number) if comparing else None,
        drift=_ratio(moved_total, base_total) if comparing else None,
    )
    return facts, {"rows": rows, "moved": np.array(list(moved.values()))}


def _ratio(moved: float, base: float) -> float:
    if moved == 0:
        return 0.0
    return math.sqrt(moved / base) if base else math.inf


def special_tokens(folder: Path) -> tuple[dict[int, str], int | None]:
    """The ids of Qwen2-VL's special tokens in a checkpoint's tokenizer.json, and one more than its largest id, None
    where there is no such file.
    """
    try:
        spec = read_json(folder / "tokenizer.json")
        added = {int(token["id"]): str(token["content"]) for token in spec.get("added_tokens", ())}
        largest = int(max([*added, *spec["model"]["vocab"].values()]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return SPECIAL, None
    return {index: token for index, token in added.items() if token in SPECIAL.values()}, largest + 1


def row_facts(name: str, special: dict[int, str], found: dict[str, NDArray[Any]]) -> list[EmbeddingRow]:
    """What is known of the rows of special tokens in one tensor."""
    lengths, moved = found["rows"], found["moved"]
    if not len(lengths):
        return []
    median = math.sqrt(float(np.nanmedian(lengths))) if np.isfinite(lengths).any() else math.nan
    inside = [index for index in special if index < len(lengths)]
    drifts = dict(zip(special, moved.tolist(), strict=False))
    return [
        EmbeddingRow(special[index], index, name, math.sqrt(float(lengths[index])), median, drifts.get(index))
        for index in inside
    ]


def wants_rows(name: str) -> bool:
    """Whether rows of special tokens are looked at in a tensor."""
    return name in (EMBEDDING, HEAD)


def total_bytes(shards: Shards) -> int:
    """Bytes of all tensors that are audited."""
    return sum(place.elements * SIZES[place.dtype] for place in shards.places.values() if place.dtype in SIZES)
