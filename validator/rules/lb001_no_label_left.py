"""A row from which nothing can be learned.

## What it finds
Rows without a single label after truncation: the question fills the whole cutoff, or the answer's share of it is
rounded down to nothing. And rows that have none to begin with, where answers alone are learned: without an answer, or
with answers that are not found (LB008).

## Why it matters
In a micro-batch of such rows the mean is over zero tokens: the loss is NaN. The gradient is zero and the log hides the
NaN (`logging_nan_inf_filter`), so the step is silently wasted. unsloth warns of the first such row of each worker under
`train_on_responses_only`, and stops at it with `ValueError: Unsloth: 1 of 1 examples in this batch have no trainable
token` where no batch before had a label and the row is not cut.

## Example
A question of 100,000 tokens and a one-word answer under `cutoff_len` 64.

## What to do
Raise `cutoff_len`, write an answer, or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.budget import sizes_of
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every


@row_rule("LB001", "no-label-left", "error", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report rows with tokens but no labels."""
    if case.budget is None or case.budget.num_label_tokens:
        return
    said = f"no label is left within the cutoff of {case.limits.cutoff_len:,}", "Raise cutoff_len or remove the row."
    if not _has_labels(case):
        said = "nothing of this row is learned, whatever the cutoff", "Write an answer, or remove the row."
    yield Hit(
        f"{said[0]}: the loss of this row is NaN", said[1], evidence={"num_tokens_full": case.budget.num_tokens_full}
    )


def _has_labels(case: Case) -> bool:
    """Whether there are labels before the cutoff."""
    sizes = sizes_of(case.facts.media, case.limits)
    spans = case.limits.trainer.spans(case.facts.turns, sizes, case.limits)
    return any(span.is_label and span.num_tokens for span in spans)


RULE = check
