"""A row from which nothing can be learned.

## What it finds
Rows without a single label after truncation: the question fills the whole cutoff, or the answer's share of it is
rounded down to nothing.

## Why it matters
In a micro-batch of such rows the mean is over zero tokens: the loss is NaN. The gradient is zero and the log hides the
NaN (`logging_nan_inf_filter`), so the step is silently wasted.

## Example
A question of 100,000 tokens and a one-word answer under `cutoff_len` 64.

## What to do
Raise `cutoff_len`, or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("LB001", "no-label-left", "error", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report rows with tokens but no labels."""
    if case.budget is not None and case.budget.num_label_tokens == 0:
        yield Hit(
            f"no label is left within the cutoff of {case.limits.cutoff_len:,}: the loss of this row is NaN",
            "Raise cutoff_len or remove the row.",
            evidence={"num_tokens_full": case.budget.num_tokens_full},
        )


RULE = check
