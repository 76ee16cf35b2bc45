"""Dataset entries of another kind than the training stage needs.

## What it finds
Entries with `"ranking": true` under a stage other than `rm` and `dpo`, entries without it under these; entries without
a `kto_tag` of true and false under `kto`, entries with one under `sft`. `eval_dataset` counts too.

## Why it matters
The trainer stops while it loads the data: `ValueError: The dataset is not applicable in the current training stage.`
Rows that do not fit a `kto_tag` are dropped one by one; where none is left it is
`RuntimeError: Cannot find valid samples, check `data/README.md` for the data format.`

## Example
`stage: dpo` with an entry of questions and answers.

## What to do
Set the stage that the data are made for, or name the entries that are made for this stage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from validator.findings import clip
from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase

PAIRWISE = ("rm", "dpo")
"""Stages whose workflows ask for ranking entries. Source: LLaMA-Factory 0.9.5 `train/*/workflow.py`."""
_DROPPED = {"kto": "plain", "sft": "kto"}
"""The kind of entry of which a stage drops every row. Source: `data/processor/*.py`."""
_RIGHT = {"ranking": "Set stage: dpo or stage: rm", "kto": "Set stage: kto", "plain": "Set stage: sft"}


@training_rule("CF037", "data-of-another-stage", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare the stage with the kinds of the entries."""
    if case.data is None or case.cached is not None:  # preprocessed data are loaded as they are
        return
    stage, kinds = case.config["stage"], case.data.kinds
    wrong = [name for name, kind in kinds.items() if (kind == "ranking") != (stage in PAIRWISE)]
    if wrong:
        is_what = 'without `"ranking": true`' if stage in PAIRWISE else "for ranking"
        yield Hit(
            f"`stage` is {stage}, but {_named(wrong)} {is_what}: the trainer stops with ValueError: The dataset is not "
            "applicable in the current training stage.",
            ('If rows have a chosen and a rejected answer, write "ranking": true. ' if stage in PAIRWISE else "")
            + _help(wrong, kinds[wrong[0]]),
            evidence={"key": "stage", "datasets": wrong},
        )
        return
    lost = [name for name, kind in kinds.items() if kind == _DROPPED.get(stage)]
    if lost:
        groups = [[name for name in case.config.names(key) if name in kinds] for key in ("dataset", "eval_dataset")]
        stops = any(group and all(name in lost for name in group) for group in groups)
        is_what = "with a `kto_tag`" if stage == "sft" else "without a `kto_tag` of true and false"
        end = (
            "the trainer drops every row and stops with RuntimeError: Cannot find valid samples, check "
            "`data/README.md` for the data format."
            if stops
            else "the trainer drops each of these rows"
        )
        yield Hit(
            f"`stage` is {stage}, but {_named(lost)} {is_what}: {end}",
            _help(lost, kinds[lost[0]]),
            evidence={"key": "stage", "datasets": lost},
        )


def _named(names: Sequence[str]) -> str:
    """The first names, and the verb that goes with all of them."""
    shown = ", ".join(f"`{clip(name, 60)}`" for name in names[:3])
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return f"{shown}{more} {'is an entry' if len(names) == 1 else 'are entries'}"


def _help(names: Sequence[str], kind: str) -> str:
    return f"{_RIGHT[kind]}, or leave {'it' if len(names) == 1 else 'them'} out of `dataset` and `eval_dataset`."


RULE = check
