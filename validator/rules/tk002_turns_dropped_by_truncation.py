"""Truncation removes whole turns.

## What it finds
Question and answer pairs beyond `cutoff_len`, of which nothing is left: the last ones, or with `mask_history` the
first. Pairs with images are TK001, where training stops at them.

## Why it matters
These turns are never trained on, and there is no message.

## Example
A chat of 40 turns under `cutoff_len` 2048.

## What to do
Raise `cutoff_len` or split the conversation.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("TK002", "turns-dropped-by-truncation", "warning", needs="cut", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report pairs of which nothing is kept."""
    pairs = case.budget.pairs if case.budget else ()
    alone = case.limits.trainer.removes_cut_media  # else such pairs are TK001
    gone = [pair for pair in pairs if pair.kept_source + pair.kept_target == 0 and (alone or not pair.pads)]
    if gone:
        what = "one question and answer" if len(gone) == 1 else f"{len(gone):,} questions and answers"
        yield Hit(
            f"{what} (from turn {gone[0].source_turn}) {'is' if len(gone) == 1 else 'are'} cut off completely by the "
            f"cutoff of {case.limits.cutoff_len:,}",
            "Raise cutoff_len or split the conversation.",
            turn=gone[0].source_turn,
            evidence={"pairs": len(gone), "num_tokens_full": case.budget.num_tokens_full if case.budget else None},
        )


RULE = check
