"""How long a run is: its optimizer steps and its warm-up, as the Trainer counts them.

Sources: `set_initial_training_values` and `get_warmup_steps` of transformers 5.6.0 and 4.57.1.
"""

from __future__ import annotations

import math

from validator.training.config import TrainingConfig
from validator.training.order import steps_per_epoch
from validator.training.record import TrainingCase
from validator.training.versions import Versions

MOST = 2**62
"""What a number is cut off at that no run reaches: it still can be written as JSON."""
NO_WARMUP = ("constant", "reduce_lr_on_plateau")
"""Values of `lr_scheduler_type` that know no warm-up."""


def step_counts(case: TrainingCase, rounds: int) -> dict[str, int]:
    """Optimizer steps of an epoch of `rounds` micro-batches, and of the run: `max_steps` overrides the epochs, and 0 of
    them is one.
    """
    each = steps_per_epoch(rounds, case.config.accumulation)
    most = int(case.config["max_steps"])
    return {"steps_per_epoch": each, "steps": max(most, 1) if most >= 0 else epoch_steps(case.config, each)}


def epoch_steps(config: TrainingConfig, each: int) -> int:
    """Optimizer steps of `num_train_epochs` epochs of `each` steps."""
    return max(math.ceil(min(each * float(config["num_train_epochs"]), MOST)), 0)


def rounds_of(case: TrainingCase) -> int | None:
    """Micro-batches of an epoch on each GPU (on one where their number is not known), None where they are not known."""
    if case.data is None or not case.data.rows or case.config.packs:
        return None
    return micro_batches_of(case.data.rows, case.config, case.gpus or 1)


def micro_batches_of(rows: int, config: TrainingConfig, gpus: int) -> int:
    """Micro-batches of an epoch on each of some GPUs: the last one may be short, unless `dataloader_drop_last`."""
    size = config.batch_size * gpus
    return rows // size if config["dataloader_drop_last"] else -(-rows // size)


def most_steps(case: TrainingCase) -> int | None:
    """Optimizer steps of the run, None where not known; on one GPU where their number is not: more take fewer."""
    rounds = rounds_of(case)
    if rounds is not None:
        return step_counts(case, rounds)["steps"]
    return step_counts(case, 1)["steps"] if case.config["max_steps"] >= 0 else None


def ratio_rules(versions: Versions) -> bool:
    """Whether `warmup_ratio` overrides `warmup_steps`, as it does from transformers 5.0 on."""
    return not versions.before("transformers", "5.0.0")


def warmup_steps(config: TrainingConfig, versions: Versions, steps: int) -> int:
    """Optimizer steps of the warm-up of a run of `steps`."""
    ratio, warmup = config["warmup_ratio"], config["warmup_steps"]
    if ratio_rules(versions):
        warmup = warmup if ratio is None else ratio
        return min(int(warmup) if warmup >= 1 else math.ceil(steps * warmup), MOST)
    return min(math.ceil(warmup if warmup > 0 else steps * (ratio or 0.0)), MOST)
