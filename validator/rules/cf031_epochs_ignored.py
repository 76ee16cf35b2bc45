"""max_steps that overrides num_train_epochs.

## What it finds
Both keys given, with different lengths of the run; the finding says how many epochs `max_steps` amounts to.

## Why it matters
`max_steps` takes precedence if it is above 0. A run of two epochs becomes one of a hundred, or ends after a part of the
data; the learning rate is spread over `max_steps`. Measured with transformers 5.6.0: `max_steps: 3` and
`num_train_epochs: 5` over 4 steps an epoch end after 3 steps, 0.75 epochs.

## Example
`max_steps: 1000000` with `num_train_epochs: 2.0`

## What to do
Remove one of the two. With `streaming`, only `max_steps` can set the length.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.length import epoch_steps, rounds_of, step_counts
from validator.training.record import TrainingCase


@training_rule("CF031", "epochs-ignored", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare both lengths, where the number of rows is known."""
    config, steps = case.config, case.config["max_steps"]
    if steps <= 0 or "num_train_epochs" not in config.given:
        return
    epochs, meant = config["num_train_epochs"], ""
    rounds = rounds_of(case)
    if rounds is not None:
        each = step_counts(case, rounds)["steps_per_epoch"]
        if epoch_steps(config, each) == steps:
            return
        gpus = f"{case.gpus or 1:,} GPU{'s' if (case.gpus or 1) > 1 else ''}"
        meant = f"; at {each:,} steps per epoch on {gpus} that is {steps / each:,.6g} epochs"
    yield Hit(
        f"`max_steps` is {steps:,}: `num_train_epochs: {epochs:g}` is ignored{meant}",
        "Remove the one you do not mean.",
        evidence={"key": "max_steps", "max_steps": steps, "num_train_epochs": epochs},
    )


RULE = check
