"""A warm-up setting that transformers reads differently from how it is written.

## What it finds
`warmup_ratio` beside `warmup_steps`, and `warmup_ratio: 1.0`, by the version of transformers.

## Why it matters
From transformers 5.0 on `warmup_ratio` overwrites `warmup_steps`, with 0.0 too: there is no warm-up then. Values of 1
or more are numbers of steps, so a ratio of 1.0 is one step. Before 5.0 it is the other way round: `warmup_steps` takes
precedence if it is above 0 (a share there is refused: CF002). Read in 4.46.1, 4.57.1 and 5.6.0. Measured with 5.6.0 in
a run of 8 steps at a rate of 0.01: with `warmup_steps: 5` and `warmup_ratio: 0.0` the first step has the full rate,
with `warmup_steps: 2` and `warmup_ratio: 0.5` it is reached in the fifth.

## Example
`warmup_steps: 100` with `warmup_ratio: 0.03`

## What to do
Keep one of the two: `warmup_steps`, which from transformers 5.0 on may be a share too.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.length import NO_WARMUP, ratio_rules
from validator.training.record import TrainingCase


@training_rule("CF030", "warmup-read-otherwise", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare the two keys under the version."""
    config, versions = case.config, case.versions
    ratio, steps, rules = config["warmup_ratio"], config["warmup_steps"], ratio_rules(versions)
    if config["lr_scheduler_type"] in NO_WARMUP:
        return
    if ratio is not None and steps and steps != ratio and (ratio or rules):
        new = "from transformers 5.0 on `warmup_ratio` takes precedence" + ("" if ratio else ": no warm-up")
        said = new if rules else f"under {versions.shown('transformers')} `warmup_steps` takes precedence"
        if "transformers" not in versions.known:
            said += ", before that `warmup_steps`"
        yield Hit(
            f"`warmup_ratio: {ratio:g}` and `warmup_steps: {steps:g}`: {said}",
            "Keep the one you mean.",
            evidence={"key": "warmup_ratio" if rules else "warmup_steps", "warmup_ratio": ratio, "warmup_steps": steps},
        )
    elif ratio == 1 and rules:
        yield Hit(
            "`warmup_ratio: 1.0`: from transformers 5.0 on values of 1 or more are steps: the warm-up has one step",
            "Write a share below 1, or warmup_steps.",
            evidence={"key": "warmup_ratio", "warmup_ratio": ratio},
        )


RULE = check
