"""How much of each turn survives the cutoff. Source: LLaMA-Factory 0.9.5 `processor_utils.py` and `supervised.py`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def infer_seqlen(source: int, target: int, cutoff: int) -> tuple[int, int]:
    """Tokens kept of a source and a target within `cutoff` tokens, each from its beginning."""
    if target * 2 < cutoff:
        longest_target = cutoff
    elif source * 2 < cutoff:
        longest_target = cutoff - source
    else:
        longest_target = int(cutoff * (target / (source + target)))
    kept_target = min(longest_target, target)
    return min(max(cutoff - kept_target, 0), source), kept_target


def infer_seqlens(sources: Ints, targets: Ints, cutoffs: Ints) -> tuple[Ints, Ints]:
    """`infer_seqlen` of many pairs, arrays of shape (pairs,); nothing is kept where the cutoff is used up."""
    with np.errstate(invalid="ignore"):
        share = cutoffs * (targets / (sources + targets))
    shared = np.nan_to_num(share).astype(np.int64)
    longest = np.where(targets * 2 < cutoffs, cutoffs, np.where(sources * 2 < cutoffs, cutoffs - sources, shared))
    kept_targets = np.where(cutoffs > 0, np.minimum(longest, targets), 0)
    return np.minimum(np.maximum(cutoffs - kept_targets, 0), sources), kept_targets


def truncate(pairs: Sequence[tuple[int, int]], cutoff: int, *, last_first: bool) -> list[tuple[int, int]]:
    """Tokens kept of each (source, target) pair, in the order of the pairs; (0, 0) for pairs beyond the cutoff.

    `last_first` is the trainer's order under `mask_history`: the last pair has first claim on the budget.
    """
    kept = [(0, 0)] * len(pairs)
    total = 0
    order = range(len(pairs))
    for index in reversed(order) if last_first else order:
        if total >= cutoff:
            break
        kept[index] = infer_seqlen(*pairs[index], cutoff - total)
        total += sum(kept[index])
    return kept
