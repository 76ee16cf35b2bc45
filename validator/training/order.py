"""In which order the trainer feeds rows: the same permutations as torch's and datasets', without torch.

Sources: torch's CPU `randperm` (32-bit Mersenne twister, Fisher-Yates by remainders), accelerate's
SeedableRandomSampler (the seed of an epoch is the run's seed plus its number) and BatchSamplerShard (whole batches go
round the ranks, the last ones are filled up from the first), datasets' `train_test_split` (numpy's default generator).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

LARGEST = 2**32 // 20
"""Up to here torch draws 32 bits a number."""
MOST_FILLED = 1 << 20
"""Rows of a batch over all ranks, where there are not as many rows."""
Indices = NDArray[np.int64]


def permutation(number: int, seed: int) -> Indices:
    """torch.randperm(number) of a CPU generator with a seed. Raises ValueError above LARGEST."""
    if number >= LARGEST:
        raise ValueError(f"the order of {number:,} rows is not reproduced")
    order = list(range(number))
    if number > 1:
        twister = np.random.MT19937()
        twister._legacy_seeding(seed & 0xFFFFFFFF)
        draws = twister.random_raw(number - 1).astype(np.int64)
        steps = (draws % np.arange(number, 1, -1)).tolist()
        for place, step in enumerate(steps):
            order[place], order[place + step] = order[place + step], order[place]
    return np.array(order, np.int64)


def split(number: int, validation: float, seed: int) -> tuple[Indices, Indices]:
    """Rows for training and for validation, as `Dataset.train_test_split(validation, seed=seed)` draws them.

    `validation` is a share below 1 or a number of rows.
    """
    held = int(validation) if validation > 1 else math.ceil(validation * number)
    drawn = np.random.default_rng(seed).permutation(number)
    return drawn[held:], drawn[:held]


def batches(number: int, *, epoch: int, seed: int, size: int, gpus: int, shuffle: bool = True) -> Indices:
    """The rows of an epoch: an array of [micro-batch, rank, place in the batch]; -1 where the last batch is short.

    A short last batch, and ranks that would get none, are filled up from the epoch's beginning, as accelerate does
    where there is more than one rank; on one, a batch has at most all rows. Raises ValueError where so many are filled
    up that the batch is no real one, and above LARGEST rows.
    """
    size = min(size, max(number, 1)) if gpus == 1 else size
    if size * gpus > max(number, MOST_FILLED):
        raise ValueError(f"batches of {size:,} rows on {gpus:,} GPUs, of {number:,} rows in all, are not worked out")
    order = permutation(number, seed + epoch) if shuffle else np.arange(number)
    rounds = -(-number // (size * gpus))
    filled = np.full(rounds * size * gpus, -1, np.int64)
    filled[:number] = order
    if gpus > 1:
        filled[number:] = np.resize(order, len(filled) - number)
    return filled.reshape(rounds, gpus, size)


def steps_per_epoch(micro_batches: int, accumulation: int) -> int:
    """Optimizer steps of an epoch: the last one may have fewer micro-batches."""
    return max(-(-micro_batches // accumulation), 1)
