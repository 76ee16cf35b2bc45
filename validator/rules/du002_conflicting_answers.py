"""The same question with different answers.

## What it finds
Rows of an entry that are equal in everything before their last turn, media paths included, and not in that turn. Once
per entry, with the number of such questions. Up to 131,072 questions, all are compared; of larger entries, a sample.

## Why it matters
Training works, and for a caption several good answers are fine. Where there is one right answer, the model learns to
guess between them.

## Example
`<image>How many bars?` answered with 6 in one row and 7 in another, for the same image.

## What to do
Review these pairs and fix the wrong answers.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import EntryFacts, Hit, corpus_rule
from validator.rules.scope import every
from validator.rules.seen import DuplicateHashes, of_entry


def finish(seen: DuplicateHashes, _: EntryFacts) -> Iterator[Hit]:
    """Say it once."""
    if groups := seen.prompts.alike():
        yield Hit(
            f"{count(len(groups), 'question')} with different answers, for example {groups[0]}{seen.prompts.where}",
            "Review these pairs and fix the wrong answers.",
            evidence={"questions": len(groups), "examples": seen.prompts.examples()},
        )


RULE = corpus_rule("DU002", "conflicting-answers", "info", of_entry(finish), trainers=every)
