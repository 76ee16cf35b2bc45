"""Gradients are not clipped.

## What it finds
`max_grad_norm: 0`, which switches clipping off, or a DeepSpeed file without `gradient_clipping`, under which the
training file's `max_grad_norm` has no effect: DeepSpeed up to 0.19.2 clips nothing then (from 0.19.3 on it clips at
1.0, see CF028).

## Why it matters
One row with few labels or a wrong answer can have a gradient ten times larger than the others; without clipping it
dominates the step. Clipping does not fix NaN: a NaN norm makes every gradient NaN.

## Example
`ds_config.json` without `gradient_clipping`.

## What to do
Set `max_grad_norm: 1.0`, and `"gradient_clipping": "auto"` in DeepSpeed's file.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.config import shown
from validator.training.record import TrainingCase


@training_rule("CF010", "gradients-not-clipped", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look at both files."""
    deepspeed = case.deepspeed
    if deepspeed is None or deepspeed.get("gradient_clipping") == "auto":
        if not case.config["max_grad_norm"]:
            yield Hit(
                "`max_grad_norm` is 0: gradients are not clipped",
                "Set max_grad_norm: 1.0.",
                evidence={"key": "max_grad_norm"},
            )
    elif not deepspeed.clipping(case.config, case.release):
        if "gradient_clipping" in deepspeed.raw:
            what = f"`gradient_clipping` is {shown(deepspeed.get('gradient_clipping'))} in {deepspeed.name}"
        else:
            what = f"{deepspeed.name} sets no `gradient_clipping`, and {case.release.shown} does not clip by default"
        yield Hit(
            f"{what}: `max_grad_norm: {case.config['max_grad_norm']}` has no effect",
            'Write "gradient_clipping": "auto".',
            evidence={"key": "gradient_clipping"},
        )


RULE = check
