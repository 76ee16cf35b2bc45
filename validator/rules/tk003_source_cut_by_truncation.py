"""Truncation removes the end of a question.

## What it finds
Pairs whose question is shortened. What is cut is its end: the last words and the header that starts the answer.

## Why it matters
The model learns to answer a question that it has not read completely, without the usual start of an answer
(LLaMA-Factory#6891).

## Example
A long document followed by "Summarise this." under a small `cutoff_len`.

## What to do
Raise `cutoff_len`, or shorten the text.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("TK003", "source-cut-by-truncation", "warning", needs="cut", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report shortened questions, unless image tokens went with them (TK001)."""
    for pair in case.budget.pairs if case.budget else ():
        kept = pair.kept_source + pair.kept_target
        if kept and pair.kept_source < pair.source and pair.kept_pads == pair.pads:
            yield Hit(
                f"the cutoff of {case.limits.cutoff_len:,} keeps {pair.kept_source:,} of {pair.source:,} tokens of the "
                f"question in turn {pair.source_turn}",
                "Raise cutoff_len or shorten the text.",
                turn=pair.source_turn,
                evidence={"kept": pair.kept_source, "tokens": pair.source},
            )


RULE = check
