"""How much memory the activations of an entry's longest row take.

## What it finds
The longest row of each entry after truncation, and an estimate for the given `--model-size`, with gradient
checkpointing and flash attention, per row of a batch: the logits (12 bytes per token and word: three arrays in FP32)
and an FP32 copy of the hidden states per layer. A batch is padded to its longest row,
so the worst batch takes this times its size. Weights, gradients, optimizer and the vision tower come on top.

## Why it matters
Memory is set by the longest row of the whole dataset, and that row comes at a random time: the run fails hours in with
`torch.OutOfMemoryError` (LLaMA-Factory#9075).

## Example
A row of 8,192 tokens: 17.5 GiB for 7B, most of it logits.

## What to do
Lower `cutoff_len`, `per_device_train_batch_size` or `image_max_pixels`, or compute logits in parts
(`enable_liger_kernel`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from validator.facts.texts import Texts
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import every
from validator.training.memory import activation_bytes
from validator.training.shape import SHAPES


@dataclass(slots=True)
class Longest:
    """The longest row so far."""

    tokens: int = 0
    file: str = ""
    row: int = 0
    sample_id: str = ""


def fold(longest: Longest, case: Case) -> None:
    """Keep the longest row."""
    facts = case.facts
    if (facts.num_tokens or 0) > longest.tokens:
        longest.tokens, longest.file = facts.num_tokens or 0, facts.file
        longest.row, longest.sample_id = facts.row, facts.sample_id


def fold_texts(longest: Longest, texts: Texts) -> None:
    """Keep the longest row."""
    tokens = texts.numbers("num_tokens")
    if len(tokens) and tokens.max() > longest.tokens:
        place = int(tokens.argmax())
        longest.tokens, longest.file = int(tokens[place]), texts.file
        longest.row, longest.sample_id = (texts.records[name][place].as_py() for name in ("row", "sample_id"))


def finish(longest: Longest, entry: EntryFacts) -> Iterator[Hit]:
    """Say it once."""
    size = entry.settings.model_size
    if longest.tokens and size is not None:
        needed = activation_bytes(longest.tokens, SHAPES[size])
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
    CorpusCheck(finish, Longest, fold, merge, fold_texts=fold_texts),
    option="model_size",
    trainers=every,
)
