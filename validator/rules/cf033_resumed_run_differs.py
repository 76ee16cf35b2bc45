"""A run resumed from a checkpoint of a run with other settings.

## What it finds
Differences between the training file and the trainer_state.json of the checkpoint that the run resumes from (CF032 says
which): another total number of steps, another batch size, a larger learning rate in its log, no optimizer state.

## Why it matters
The Trainer works out its place in the data and in the schedule from the number of steps alone, and warns of none of
this. Measured with LLaMA-Factory 0.9.5 and transformers 5.6.0: after 2 steps with batches of 2, batches of 4 go on at
the second epoch, and 4 of 8 rows are left out of the first; a learning rate of 0.001 is ignored, and the checkpoint's
0.01 stays; a run of 2 steps that goes on to 8 has a rate of 0.0, then 0.00625; without an optimizer's state
(`save_only_model`) a run begins its schedule again at the full rate after 2 of 8 steps.

## Example
`learning_rate: 2.0e-5` lowered to `1.0e-5` before a run is resumed.

## What to do
Resume with the original training file. To change something, start a new run from the weights: `adapter_name_or_path` or
`model_name_or_path`.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, training_rule
from validator.training.length import most_steps
from validator.training.record import TrainingCase


@training_rule("CF033", "resumed-run-differs", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare what the checkpoint says with the file."""
    config, found, steps = case.config, case.resumed, most_steps(case)
    if found is None or (steps is not None and found.steps >= steps):
        return
    said = []
    if found.batch not in (None, config.batch_size):
        said.append(
            f"it had batches of {found.batch:,} rows, this run of {config.batch_size:,}: rows are skipped "
            "or trained on twice"
        )
    certain = case.gpus is not None or config["max_steps"] > 0
    if found.all_steps is not None and steps is not None and certain and found.all_steps != steps:
        said.append(
            f"its run had {found.all_steps:,} steps, this one has {steps:,}: the learning rate jumps, and it "
            "resumes at another place in the data if rows or GPUs have changed"
        )
    if found.optimizer and found.rate is not None and found.rate > config["learning_rate"] * (1 + 1e-6):
        said.append(
            f"its log has a learning rate of {found.rate:g}, above `learning_rate` {config['learning_rate']:g}: the "
            "checkpoint's is kept, the file's is ignored"
        )
    if not found.optimizer:
        said.append("it has no optimizer state: Adam and the learning rate schedule start over")
    for words in said:
        yield Hit(
            f"the run resumes from {clip(found.folder)}, at step {found.steps:,}: {words}",
            "Resume with the original training file, or start a new run from these weights.",
            evidence={
                "key": "resume_from_checkpoint" if found.asked else "output_dir",
                "checkpoint": clip(found.folder),
                "global_step": found.steps,
            },
        )


RULE = check
