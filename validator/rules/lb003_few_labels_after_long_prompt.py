"""Long questions with very few labels.

## What it finds
Rows of an entry with 1000 or more tokens before the labels and at most 3 labels (one word, end of turn, line feed).
Once per entry, with their number.

## Why it matters
Training works: one-word answers can be good answers. But the loss is a mean over the labels of a batch, so each of
these few weighs as much as a whole page elsewhere, and the gradient norm jumps when such rows meet long answers.

## Example
A screenshot with a yes-or-no question.

## What to do
Nothing, if such answers are intended. Larger batches, or several questions about one image in a row, make the gradient
steadier.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.texts import Texts
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.noticed import Noticed

FEW, LONG = 3, 1000
"""Labels, and tokens before them."""


def fold(noticed: Noticed, case: Case) -> None:
    """Notice a row with a long prompt and few labels."""
    tokens, labels = case.facts.num_tokens, case.facts.num_label_tokens
    if tokens is not None and labels is not None and labels <= FEW and tokens >= LONG + labels:
        noticed.add(case.facts)


def fold_texts(noticed: Noticed, texts: Texts) -> None:
    """Notice rows with a long prompt and few labels."""
    tokens, labels = texts.numbers("num_tokens"), texts.numbers("num_label_tokens")
    rows = texts.numbers("row")[(labels >= 0) & (labels <= FEW) & (tokens >= LONG + labels)]
    noticed.add_all(texts.file, rows)


def finish(noticed: Noticed, _: EntryFacts) -> Iterator[Hit]:
    """Say it once."""
    if noticed.rows:
        yield Hit(
            f"{noticed} with at most {FEW} labels after {LONG:,} or more tokens: very few tokens contribute "
            "to the loss",
            "Ignore this if short answers are intended; larger batches steady the gradient.",
            evidence={"rows": noticed.rows},
        )


RULE = corpus_rule(
    "LB003",
    "few-labels-after-long-prompt",
    "info",
    CorpusCheck(finish, Noticed, fold, Noticed.merge, fold_texts=fold_texts),
)
