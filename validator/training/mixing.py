"""The rows of several data sets as one. Source: LLaMA-Factory 0.9.5 `merge_dataset`, `split_dataset`; `datasets` 4.0.0
`_interleave_map_style_datasets`, `train_test_split`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from validator.training.order import Indices, split

CONCAT, UNDER, OVER = "concat", "interleave_under", "interleave_over"
_DRAWN = 1000
"""Sources that are drawn at a time."""


def mixed(parts: Sequence[Indices], strategy: str, weights: Sequence[float] | None, seed: int) -> Indices:
    """The rows of several data sets in the trainer's order. `weights`: the probabilities of the data sets, where they
    are interleaved by chance.

    Raises ValueError for a strategy that the trainer, or its `datasets`, does not carry out.
    """
    if len(parts) == 1:
        return parts[0]
    if strategy == CONCAT:
        return np.concatenate(parts) if parts else np.empty(0, np.int64)
    if strategy not in (UNDER, OVER):
        raise ValueError(f"`mix_strategy: {strategy}` is not carried out by the trainer's release of `datasets`.")
    if any(not len(part) for part in parts):
        raise ValueError(f"`mix_strategy: {strategy}` needs rows in every data set, and one has none left.")
    if weights is None:
        number = (min if strategy == UNDER else max)(map(len, parts))
        turns = np.arange(number)
        return np.stack([part[turns % len(part)] for part in parts], axis=1).reshape(-1)
    return np.concatenate(parts)[_drawn([len(part) for part in parts], strategy == OVER, weights, seed)]


def _drawn(lengths: Sequence[int], over: bool, weights: Sequence[float], seed: int) -> Indices:
    """Places in the data sets one after the other, drawn until one of them has ended, or (`over`) all have."""
    if len(weights) != len(lengths) or any(not 0 <= weight <= 1 for weight in weights):
        raise ValueError("`interleave_probs` must be as many as the data sets, each between 0 and 1.")
    offsets = np.cumsum([0, *lengths[:-1]])
    draw = np.random.default_rng(seed)
    places, left = [0] * len(lengths), set(range(len(lengths)))
    if over and any(weight == 0 for weight in weights):
        raise ValueError("`interleave_probs` holds a 0: under `interleave_over` the trainer never comes to an end.")
    found: list[int] = []
    while True:
        try:
            sources = draw.choice(len(lengths), size=_DRAWN, p=list(weights)).tolist()
        except ValueError as error:
            raise ValueError(f"`interleave_probs`: {error}.") from None
        for source in sources:
            if not left or (not over and len(left) < len(lengths)):
                return np.array(found, np.int64)
            found.append(int(offsets[source]) + places[source])
            places[source] += 1
            if places[source] >= lengths[source]:
                left.discard(source)
                places[source] = 0


def held_out(rows: Indices, size: float, seed: int) -> tuple[Indices, Indices]:
    """The rows for training, and those for validation, by `val_size`. Raises ValueError where the trainer does."""
    if size <= 1e-6:
        return rows, rows[:0]
    if size == 1 or (size > 1 and int(size) >= len(rows)):
        raise ValueError(f"`val_size: {size:g}` leaves none of {len(rows):,} rows for training.")
    if seed < 0:
        raise ValueError(f"`seed: {seed}` cannot be used for `val_size`: the trainer stops at a negative number.")
    train, validation = split(len(rows), size, seed)
    if not len(train):
        raise ValueError(f"`val_size: {size:g}` leaves none of {len(rows):,} rows for training.")
    return rows[train], rows[validation]
