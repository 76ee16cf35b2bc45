"""Embedding rows of vision special tokens that are unlike other rows.

## What it finds
In the embedding and in lm_head, the rows of Qwen2-VL's special tokens: more than four times the norm of the median row,
or zero; with a `--base`, moved by more than half their norm.

## Why it matters
A text-only stage never uses them, but the softmax still pushes their rows away: on a small tied model they moved by 1.2
times their norm in 40 steps. Stage 2 then starts with meaningless markers, on image rows only.

## Example
`<|vision_start|>` moved by 60 % in a text-only stage 1.

## What to do
Restore these rows from the base, or mix some rows with images into stage 1.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.checkpoint.record import CheckpointCase
from validator.rules.base import Hit, checkpoint_rule

LONGEST, FARTHEST = 4.0, 0.5


@checkpoint_rule("CK010", "special-rows-off", "warning")
def check(case: CheckpointCase) -> Iterator[Hit]:
    """Look at each row."""
    for row in case.facts.special_rows:
        if row.drift is not None and row.drift > FARTHEST:
            what = f"has moved by {row.drift:.0%} of its norm since the base"
        elif row.norm > LONGEST * row.median:
            what = (
                f"is {row.norm / row.median:.1f} times as long as the median row"
                if row.median
                else "is not zero, but the median row is"
            )
        elif row.norm == 0 and row.median:
            what = "is zero"
        else:
            continue
        yield Hit(
            f"the row of {row.token} in `{row.tensor}` {what}",
            "Restore it from the base, or mix rows with images into the stage before.",
            evidence={
                "token": row.token,
                "tensor": row.tensor,
                "norm": row.norm,
                "median": row.median,
                "drift": row.drift,
            },
        )


RULE = check
