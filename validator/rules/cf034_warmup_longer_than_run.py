"""A warm-up that does not end within the run.

## What it finds
A warm-up of as many optimizer steps as the run has, or more.

## Why it matters
The learning rate rises from 0 by the same part in each step, and the run ends before it is reached. The largest rate is
the number of steps of the run divided by that of the warm-up. Measured with LLaMA-Factory 0.9.5 and transformers 5.6.0:
`warmup_steps: 1000` and `learning_rate: 0.01` in a run of 8 steps reach 0.00007; the loss goes from 6.158 to 6.135,
with no warm-up to 4.28.

## Example
`warmup_steps: 1000` for 2,000 rows in batches of 64 over two epochs: 63 steps.

## What to do
A share: `warmup_ratio: 0.03`, or `warmup_steps: 0.03` from transformers 5.0 on.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.length import NO_WARMUP, most_steps, ratio_rules, warmup_steps
from validator.training.record import TrainingCase


@training_rule("CF034", "warmup-longer-than-run", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare both numbers of steps."""
    config, steps = case.config, most_steps(case)
    own = case.deepspeed is not None and case.deepspeed.get("scheduler") is not None
    if steps is None or config["lr_scheduler_type"] in NO_WARMUP or own:
        return
    warmup = warmup_steps(config, case.versions, steps)
    if warmup > 1 and warmup >= steps:
        most = (steps - 1) / warmup
        yield Hit(
            f"the warm-up has {warmup:,} steps, the run {'at most ' * (case.gpus is None)}{steps:,}: the learning rate "
            f"only reaches {most:.2g} of `learning_rate` {config['learning_rate']:g}",
            "Set warmup_steps: 0.03." if ratio_rules(case.versions) else "Set warmup_ratio: 0.03 alone.",
            evidence={"key": "warmup_steps", "warmup_steps": warmup, "steps": steps},
        )


RULE = check
