"""DeepSpeed's file and the training file contradict each other.

## What it finds
Values of DeepSpeed's file that are neither `auto` nor those of the training file: batch sizes, accumulation, clipping,
optimizer, precision. `train_batch_size` is compared with GPUs x `per_device_train_batch_size` x
`gradient_accumulation_steps` where `--gpus` says how many there are. And a file that cannot be read.

## Why it matters
The run stops: `ValueError: Please correct the following DeepSpeed config values that mismatch TrainingArguments
values`. It stops late: transformers compares when it reads the training file, but raises the error when training
starts, after the data are preprocessed and the model is loaded.

## Example
`"gradient_accumulation_steps": 8` beside `gradient_accumulation_steps: 4`.

## What to do
Write `"auto"` in DeepSpeed's file.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.config import shown
from validator.training.record import TrainingCase


@training_rule("CF009", "deepspeed-contradicts", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare both files."""
    if case.deepspeed_fault is not None:
        yield Hit(
            f"`deepspeed`: {case.deepspeed_fault}",
            "Correct the path; it is relative to the folder that training is started from.",
        )
    if case.deepspeed is None:
        return
    for refusal in case.deepspeed_refusals:
        if refusal.mismatch is None:
            continue
        name, wanted = refusal.mismatch
        value = shown(case.deepspeed.get(refusal.key))
        yield Hit(
            f"`{refusal.key}` is {value} in {case.deepspeed.name}, `{name}` is {shown(wanted)}: the trainer stops with "
            "ValueError: Please correct the following DeepSpeed config values, only after the data are preprocessed "
            "and the model is loaded",
            f'Write "auto" for {refusal.key}.',
            evidence={"key": refusal.key, "name": name},
        )


RULE = check
