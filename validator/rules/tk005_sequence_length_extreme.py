"""A row much longer than its peers.

## What it finds
Rows whose length in tokens (before truncation) exceeds the median of their entry by more than 10 median absolute
deviations. Only where the entry has 200 rows or more.

## Why it hurts
Often it does not. But one such row sets the memory that a step needs and the time that the other ranks wait, and it is
where pasted logs and base64 text are found.

## Example
One row with a whole log file among short questions.

## What to do
Look at the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.peers import Peers


def fold(peers: Peers, case: Case) -> None:
    """Count the row's full length."""
    if case.budget is not None:
        facts = case.facts
        peers.add(case.budget.num_tokens_full, facts.file, facts.row, facts.sample_id)


def finish(peers: Peers, _: EntryFacts) -> Iterator[Hit]:
    """Report the outliers."""
    threshold = peers.threshold()
    for tokens, file, row, sample_id in peers.above(threshold) if threshold is not None else ():
        yield Hit(
            f"{tokens:,} tokens, where rows of this entry rarely exceed {int(threshold or 0):,}",
            "Look at the row: pasted logs, base64 text and repetition hide here.",
            file=file,
            row=row,
            sample_id=sample_id,
            evidence={"num_tokens_full": tokens, "threshold": threshold},
        )


RULE = corpus_rule("TK005", "sequence-length-extreme", "info", CorpusCheck(finish, Peers, fold, Peers.merge))
