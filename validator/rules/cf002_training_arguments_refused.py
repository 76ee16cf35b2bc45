"""Settings of the training file that the trainer refuses, alone or together.

## What it finds
Values and combinations that LLaMA-Factory, transformers or torch refuse, with their own error messages: before any data
are read, at the data, at the model, at the first step, or at the first evaluation; and a file that does not set
`do_train`, so that nothing is trained. Types are not checked when the file is read, so a wrong value stops the run
wherever it is first used.

## Why it matters
The run stops at start-up: on a cluster, after waiting in the queue. Late refusals come after hours of preprocessing and
loading: `TypeError: get_linear_schedule_with_warmup() got an unexpected keyword argument 'min_lr'`.

## Example
`mask_history: true` with `train_on_prompt: true`.

## What to do
Follow the help of the finding. Values and conditions were measured with LLaMA-Factory 0.9.5 and transformers 5.6.0, up
to the first step; differences in releases since 0.9.1 are recorded with them.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, training_rule
from validator.training.config import shown
from validator.training.record import TrainingCase
from validator.training.refused import refusals

WHEN = {
    "read": "",
    "arguments": "",
    "data": ", once it reads the data",
    "model": ", after the data are preprocessed, when it loads the model",
    "training": ", after the data are preprocessed and the model is loaded",
    "evaluation": ", at the first evaluation, and what was trained until then is lost",
}


@training_rule("CF002", "training-arguments-refused", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Ask what the trainer would refuse."""
    for refusal in refusals(case):
        given = case.config.given
        keys = [f"`{key}: {shown(given[key])}`" if key in given else f"`{key}`" for key in refusal.keys]
        what = " with ".join(keys) or "a training file in JSON"
        yield Hit(
            f"{what}: the trainer stops{WHEN[refusal.stage]} with {refusal.error}: {clip(refusal.words)}",
            refusal.fix,
            evidence={"keys": list(refusal.keys), "stage": refusal.stage},
        )
    if not case.config["do_train"]:
        yield Hit("`do_train` is not set: nothing is trained", "Set do_train: true.", evidence={"keys": ["do_train"]})


RULE = check
