"""Gradients are not clipped.

## What it finds
`max_grad_norm: 0`, which switches clipping off, or a DeepSpeed file without `gradient_clipping`, under which the
training file's `max_grad_norm` has no effect.

## Why it hurts
One row with a few labels or a wrong answer can have a gradient ten times the others'; without clipping the step follows
it. Clipping cures no NaN: a NaN norm makes every gradient NaN.

## Example
`ds_config.json` without `gradient_clipping`.

## What to do
Set `max_grad_norm: 1.0`, and `"gradient_clipping": "auto"` in DeepSpeed's file.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF010", "gradients-not-clipped", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look at both files."""
    if not case.config["max_grad_norm"]:
        yield Hit(
            "`max_grad_norm` is 0: gradients are not clipped",
            "Set max_grad_norm: 1.0.",
            evidence={"key": "max_grad_norm"},
        )
    elif case.deepspeed is not None and not case.deepspeed.get("gradient_clipping"):
        yield Hit(
            f"{case.deepspeed.name} sets no `gradient_clipping`: under DeepSpeed `max_grad_norm: "
            f"{case.config['max_grad_norm']}` has no effect",
            'Add "gradient_clipping": "auto".',
            evidence={"key": "gradient_clipping"},
        )


RULE = check
