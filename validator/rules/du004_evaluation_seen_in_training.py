"""Evaluation questions that are also in the training data.

## What it finds
Entries with a word for evaluation in their name (eval, val, valid, validation, test, dev, holdout, benchmark), some of
whose questions, media paths included, are in another entry without such a word. A question that several evaluation
entries have is named once, at the last of these, with the others. Up to 131,072 questions of an entry, all are
compared; of larger entries, a sample.

## Why it matters
The evaluation measures memorisation: nothing fails, but the scores are too good.

## Example
`screens_test` was drawn from `screens` but not removed from it.

## What to do
Remove the rows from the training entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from validator.rules.base import EntryFacts, Hit, corpus_rule
from validator.rules.overlap import between
from validator.rules.scope import every
from validator.rules.seen import DuplicateHashes, is_evaluation, of_run


def finish_run(parts: Sequence[tuple[EntryFacts, DuplicateHashes]]) -> Iterator[Hit]:
    """Look up the questions of evaluation entries in the others."""
    named = [(is_evaluation(entry), (entry.name, seen.prompts)) for entry, seen in parts]
    yield from between(
        [part for evaluation, part in named if evaluation],
        [part for evaluation, part in named if not evaluation],
        "evaluation questions also in the training data of {}",
        " (and for evaluation in {})",
        "Remove them from the training entry.",
    )


RULE = corpus_rule("DU004", "evaluation-seen-in-training", "warning", of_run(finish_run), trainers=every)
