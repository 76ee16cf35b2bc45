"""A run that ends before anything is learned.

## What it finds
A checkpoint that the run resumes from and that already has as many steps as the whole run, or more: named by
`resume_from_checkpoint`, or found in `output_dir`, from which the trainer silently resumes unless
`overwrite_output_dir` is true. A length of zero: `num_train_epochs: 0`, `max_steps: 0`. Weights in `output_dir` without
a checkpoint, with which LLaMA-Factory refuses to start.

## Why it matters
Resuming means continuing the same run: the Trainer reads its step from trainer_state.json. A second stage that resumes
from the first one's checkpoint is over as soon as it starts. The run ends without an error and saves the weights it was
given. Measured with LLaMA-Factory 0.9.5 and transformers 5.6.0: `checkpoint-12` of a first run, resumed in one of 4
steps, is saved again with no step taken and a loss of 0.0; so is that of another data set in the same `output_dir`.
Within the same epoch one step is taken. `max_steps: 0` takes one step at a learning rate of 0.

## Example
`resume_from_checkpoint: checkpoints/stage1`, whose global_step is 60, in a run of 18 steps.

## What to do
For another stage: `adapter_name_or_path` (LoRA) or `model_name_or_path` (full) names the weights to start from, and
`output_dir` is a new folder.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, training_rule
from validator.training.length import most_steps
from validator.training.record import TrainingCase
from validator.training.resume import output_of


@training_rule("CF032", "run-ends-at-once", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare the checkpoint's step with the run's, and look at its length."""
    config, found, steps = case.config, case.resumed, most_steps(case)
    if not config["do_train"]:
        return
    if config["max_steps"] == 0 or (config["max_steps"] < 0 and config["num_train_epochs"] <= 0):
        key, when = (
            ("max_steps", "after one step") if config["max_steps"] == 0 else ("num_train_epochs", "before its first")
        )
        yield Hit(
            f"`{key}: {config[key]:g}`: the run ends {when}, and the weights are saved unchanged",
            f"Raise {key}.",
            evidence={"key": key},
        )
    elif found is not None and steps is not None and found.steps >= steps:
        folder = clip(found.folder)
        begin = "adapter_name_or_path" if config["finetuning_type"] in ("lora", "oft") else "model_name_or_path"
        where = f"`resume_from_checkpoint: {folder}`" if found.asked else f"`output_dir` holds {folder}"
        yield Hit(
            f"{where}: its global_step is {found.steps:,}, and this run has {steps:,} steps: the trainer resumes "
            "there, and the run ends at once with the weights of that checkpoint",
            f"To start from these weights, name them in {begin}; to start over, "
            + ("remove resume_from_checkpoint." if found.asked else "name another output_dir."),
            evidence={
                "key": "resume_from_checkpoint" if found.asked else "output_dir",
                "checkpoint": folder,
                "global_step": found.steps,
                "steps": steps,
            },
        )
    if case.occupied is not None:
        yield Hit(
            f"`output_dir` {clip(output_of(config))} holds {case.occupied} and no checkpoint: the trainer stops with "
            "ValueError: Output directory already exists and is not empty",
            "Name another output_dir, or set overwrite_output_dir: true.",
            evidence={"key": "output_dir", "file": case.occupied},
        )


RULE = check
