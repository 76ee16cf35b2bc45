"""Truncation removes the end of an answer.

## What it finds
Pairs whose answer is shortened, the end-of-turn token with it.

## Why it matters
The model learns an answer that breaks off, and never learns to stop after it (LLaMA-Factory#3995).

## Example
A generated page of 9,000 tokens under `cutoff_len` 8192.

## What to do
Raise `cutoff_len`, or shorten the answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("TK004", "answer-cut-by-truncation", "warning", needs="cut", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report shortened answers."""
    for pair in case.budget.pairs if case.budget else ():
        if pair.kept_source + pair.kept_target and pair.kept_target < pair.target:
            yield Hit(
                f"the cutoff of {case.limits.cutoff_len:,} keeps {pair.kept_target:,} of {pair.target:,} tokens of the "
                f"answer in turn {pair.target_turn}",
                "Raise cutoff_len or shorten the answer.",
                turn=pair.target_turn,
                evidence={"kept": pair.kept_target, "tokens": pair.target},
            )


RULE = check
