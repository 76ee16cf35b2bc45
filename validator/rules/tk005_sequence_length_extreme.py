"""A row much longer than its peers.

## What it finds
Rows whose length in tokens (before truncation) exceeds 2.5 times the length that 99 of 100 rows of their entry reach at
most, or 5 times the length that 95 of 100 do, whichever is less, and 256 tokens. Rows with images are compared with
rows with images, text with text; only if there are 200 or more.

## Why it matters
Often it is fine. But one such row sets the memory that a step needs and the time that the other ranks wait, and it is
often caused by pasted logs, base64 text or repetition.

## Example
One row with a whole log file among short questions.

## What to do
Check the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from validator.facts.texts import Texts
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.peers import Peers
from validator.rules.scope import every


@dataclass(slots=True)
class Lengths:
    """Full lengths of the rows with images and of those without: a text is no peer of a screenshot."""

    with_images: Peers = field(default_factory=Peers)
    text_only: Peers = field(default_factory=Peers)


def fold(lengths: Lengths, case: Case) -> None:
    """Count the row's full length."""
    facts = case.facts
    if facts.num_tokens_full is not None:
        peers = lengths.with_images if facts.image_tokens else lengths.text_only
        peers.add(facts.num_tokens_full, facts.file, facts.row, facts.sample_id)


def fold_texts(lengths: Lengths, texts: Texts) -> None:
    """Count the full lengths of rows without media."""
    full = texts.numbers("num_tokens_full")
    there = full >= 0
    ids = texts.values("sample_id")
    chosen = [ids[place] for place in np.flatnonzero(there).tolist()]
    lengths.text_only.add_all(full[there], texts.file, texts.numbers("row")[there], chosen)


def finish(lengths: Lengths, _: EntryFacts) -> Iterator[Hit]:
    """Report the outliers."""
    for peers, kind in ((lengths.with_images, "rows with images"), (lengths.text_only, "text rows")):
        threshold = peers.threshold()
        for tokens, file, row, sample_id in peers.above(threshold) if threshold is not None else ():
            yield Hit(
                f"the row has {tokens:,} tokens; 99 of 100 {kind} of this entry have at most {peers.reached(0.99):,}",
                "Check the row: often caused by pasted logs, base64 or repetition.",
                file=file,
                row=row,
                sample_id=sample_id,
                evidence={"num_tokens_full": tokens, "threshold": threshold},
            )


def merge(left: Lengths, right: Lengths) -> Lengths:
    """Join two parts of an entry."""
    return Lengths(left.with_images.merge(right.with_images), left.text_only.merge(right.text_only))


RULE = corpus_rule(
    "TK005",
    "sequence-length-extreme",
    "info",
    CorpusCheck(finish, Lengths, fold, merge, fold_texts=fold_texts),
    trainers=every,
)
