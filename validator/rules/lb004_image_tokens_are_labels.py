"""Image tokens that the model is trained to predict.

## What it finds
Entries with images or videos, where `train_on_prompt` is set. Once per entry, with the number of such labels.

## Why it matters
With `train_on_prompt` all tokens of a question become labels, including the placeholders of image patches: a thousand
labels of the same token, which the model learns to write. The loss falls, and the answers hardly count. LLaMA-Factory
masks nothing here.

## Example
`train_on_prompt: true` with screenshots.

## What to do
Train without `train_on_prompt` if rows have images.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from validator.facts.texts import Texts
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.noticed import Noticed


@dataclass(slots=True)
class Pads:
    """Rows with media, and the placeholders of patches in them."""

    tokens: int = 0
    noticed: Noticed = field(default_factory=Noticed)


def fold(pads: Pads, case: Case) -> None:
    """Add a row's placeholders of patches."""
    if case.settings.train_on_prompt:
        tokens = (case.facts.num_image_tokens or 0) + (case.facts.num_video_tokens or 0)
        if tokens:
            pads.tokens += tokens
            pads.noticed.add(case.facts)


def fold_texts(pads: Pads, texts: Texts) -> None:
    """Add placeholders that are written into texts."""
    if texts.settings.train_on_prompt:
        tokens = sum(np.maximum(texts.numbers(name), 0) for name in ("num_image_tokens", "num_video_tokens"))
        pads.tokens += int(tokens.sum())
        pads.noticed.add_all(texts.file, texts.numbers("row")[tokens > 0])


def finish(pads: Pads, _: EntryFacts) -> Iterator[Hit]:
    """Say it once."""
    if pads.tokens:
        yield Hit(
            f"train_on_prompt turns {pads.tokens:,} image and video tokens into labels: {pads.noticed}",
            "Train without train_on_prompt if rows have images.",
            evidence={"tokens": pads.tokens, "rows": pads.noticed.rows},
        )


def merge(left: Pads, right: Pads) -> Pads:
    """Join two parts of an entry."""
    return Pads(left.tokens + right.tokens, left.noticed.merge(right.noticed))


RULE = corpus_rule(
    "LB004", "image-tokens-are-labels", "warning", CorpusCheck(finish, Pads, fold, merge, fold_texts=fold_texts)
)
