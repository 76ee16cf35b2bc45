"""How much memory the activations of an entry's longest row take.

## What it finds
The longest row of each entry after truncation, and an estimate for the given `--model-size`, with gradient
checkpointing and flash attention, per row of a batch: the logits (10 bytes per token and word: BF16, and two copies in
FP32), a BF16 copy of the hidden states per layer, and one layer computed again. A batch is padded to its longest row,
so the worst batch takes this times its size. Weights, gradients, optimizer and the vision tower come on top.

## Why it hurts
Memory is set by the longest row of the whole dataset, and that row comes at random: the run ends hours in with
`torch.OutOfMemoryError` (LLaMA-Factory#9075).

## Example
A row of 8,192 tokens: 14 GiB for 7B, most of it logits.

## What to do
Lower `cutoff_len`, `per_device_train_batch_size` or `image_max_pixels`, or compute logits in parts
(`enable_liger_kernel`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from validator.rules.base import EVERY, Case, CorpusCheck, EntryFacts, Hit, corpus_rule

MODELS = {"2B": (28, 1536, 8960, 151936), "7B": (28, 3584, 18944, 152064), "72B": (80, 8192, 29568, 152064)}
"""Layers, hidden size, inner size, words. Source: config.json of Qwen2-VL-*-Instruct."""


@dataclass(slots=True)
class Longest:
    """The longest row so far."""

    tokens: int = 0
    file: str = ""
    row: int = 0
    sample_id: str = ""


def activation_bytes(tokens: int, size: str) -> int:
    """An estimate for one row: logits, checkpoints, one layer computed again (8 hidden and 4 inner copies in BF16)."""
    layers, hidden, inner, words = MODELS[size]
    return tokens * (10 * words + 2 * hidden * layers + 2 * (8 * hidden + 4 * inner))


def fold(longest: Longest, case: Case) -> None:
    """Keep the longest row."""
    facts = case.facts
    if (facts.num_tokens or 0) > longest.tokens:
        longest.tokens, longest.file = facts.num_tokens or 0, facts.file
        longest.row, longest.sample_id = facts.row, facts.sample_id


def finish(longest: Longest, entry: EntryFacts) -> Iterator[Hit]:
    """Say it once."""
    size = entry.settings.model_size
    if longest.tokens and size is not None:
        needed = activation_bytes(longest.tokens, size)
        yield Hit(
            f"the longest row has {longest.tokens:,} tokens: about {needed / 2**30:.1f} GiB of activations for {size}, "
            "times the batch size",
            "Lower cutoff_len or the batch size where this does not fit beside weights, gradients and optimizer.",
            file=longest.file,
            row=longest.row,
            sample_id=longest.sample_id,
            evidence={"num_tokens": longest.tokens, "bytes": needed},
        )


def merge(left: Longest, right: Longest) -> Longest:
    """The longer of both; the earlier among equals."""
    return right if right.tokens > left.tokens else left


RULE = corpus_rule(
    "TK008",
    "memory-of-longest-row",
    "info",
    CorpusCheck(finish, Longest, fold, merge),
    option="model_size",
    trainers=EVERY,
)
