"""A value in DeepSpeed's configuration that does not mean what it seems to.

## What it finds
No `gradient_clipping` under DeepSpeed 0.19.3 or later with another `max_grad_norm` than 1.0: the default changed from
no clipping to 1.0, and the training file's number is not used. And `"stage": "3"` as text: DeepSpeed takes it for
ZeRO-3, transformers and accelerate, which compare with the number, do not.

## Why it matters
Gradients are clipped at a different norm from the one in the training file. With the text, every GPU loads the whole
model before DeepSpeed partitions it, and `auto` of the `stage3_` keys is not filled.

## Example
`max_grad_norm: 0.5` and a DeepSpeed file without `gradient_clipping`.

## What to do
`"gradient_clipping": "auto"`; the stage as a number.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase


@training_rule("CF028", "deepspeed-reads-otherwise", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look at the two keys."""
    deepspeed = case.deepspeed
    if deepspeed is None:
        return
    norm, wanted = deepspeed.clipping(case.config, case.release), case.config["max_grad_norm"]
    if "gradient_clipping" not in deepspeed.raw and norm and norm != wanted:
        yield Hit(
            f"{deepspeed.name} sets no `gradient_clipping`: {case.release.shown} clips at its default, {norm}, and "
            f"`max_grad_norm: {wanted}` has no effect",
            'Add "gradient_clipping": "auto".',
            evidence={"key": "gradient_clipping", "norm": norm},
        )
    stage = deepspeed.get("zero_optimization.stage")
    if isinstance(stage, str) and deepspeed.stage == 3:
        yield Hit(
            f'`stage` is the text "3" in {deepspeed.name}: transformers does not recognise ZeRO-3, so every GPU '
            "loads the whole model",
            'Write "stage": 3.',
            evidence={"key": "zero_optimization.stage"},
        )


RULE = check
