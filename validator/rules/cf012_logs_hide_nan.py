"""The logs would hide a NaN.

## What it finds
`logging_nan_inf_filter`, which is on by default, together with the number of steps that one log line covers.

## Why it matters
With the filter the Trainer replaces a NaN loss with the average of the other steps. A run whose every step is NaN logs
`'loss': 0.0, 'grad_norm': nan`, and can go on for days (transformers PR #13619). With `logging_steps: 10` ten steps
pass before the first sign, and the step that caused it is not named.

## Example
`logging_steps: 10` and no `logging_nan_inf_filter` (LLaMA-Factory#7362).

## What to do
`logging_nan_inf_filter: false` and `logging_steps: 1`, at least for the first hundred steps; `mmvalidate watch` reads
the logs.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF012", "logs-hide-nan", "info")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look at the filter."""
    if case.config["logging_nan_inf_filter"]:
        steps = case.config["logging_steps"]
        yield Hit(
            f"`logging_nan_inf_filter` is on: a NaN loss is logged as the mean of the others, or as 0.0; "
            f"`logging_steps` is {steps:g}",
            "Set logging_nan_inf_filter: false and logging_steps: 1 for the first hundred steps.",
            evidence={"key": "logging_nan_inf_filter", "logging_steps": steps},
        )


RULE = check
