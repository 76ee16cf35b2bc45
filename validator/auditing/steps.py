"""Which rows the trainer fed in which optimizer step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from validator.training.length import micro_batches_of, step_counts
from validator.training.record import DataFacts, TrainingCase
from validator.training.share import micro_batches

RANKS = (1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 40, 48, 56, 64, 96, 128, 256, 512, 1024)
"""Numbers of GPUs that are tried where none is given."""


def gpus_of(case: TrainingCase, data: DataFacts, wanted: int | None) -> int:
    """The number of GPUs under which the run has as many steps as trainer_state.json says (`wanted`).

    Raises ValueError where none or several do, or another number is given than fits.
    """
    if case.gpus is not None:
        if wanted and _run_steps(case, data, case.gpus) != wanted:
            raise ValueError(
                f"these data give {_run_steps(case, data, case.gpus):,} steps on {case.gpus} GPUs, the run has "
                f"{wanted:,}: it had other data, settings or GPUs"
            )
        return case.gpus
    fitting = [gpus for gpus in RANKS if wanted and _run_steps(case, data, gpus) == wanted]
    if len(fitting) != 1:
        reason = "no number of GPUs gives the run's steps" if not fitting else f"{fitting} GPUs would all fit"
        raise ValueError(f"{reason}; say how many with --gpus")
    return fitting[0]


def _run_steps(case: TrainingCase, data: DataFacts, gpus: int) -> int:
    return step_counts(case, micro_batches_of(data.rows, case.config, gpus))["steps"]


def rows_of(case: TrainingCase, data: DataFacts, gpus: int, steps: Iterable[int]) -> list[int]:
    """Places in samples.parquet of the rows of some optimizer steps, counted from 1, in the order fed.

    Raises ValueError where the order is not the trainer's.
    """
    if data.kept_order is not None:
        raise ValueError(f"the order of rows is not known: {data.kept_order}")
    accumulation = case.config.accumulation
    found: list[int] = []
    epochs: dict[int, Any] = {}
    for step in steps:
        rounds = micro_batches_of(data.rows, case.config, gpus)
        each = -(-rounds // accumulation)
        epoch, place = divmod(step - 1, each)
        if epoch not in epochs:
            epochs[epoch] = micro_batches(data, case.config, gpus, epoch)
        part = epochs[epoch][place * accumulation : (place + 1) * accumulation]
        found += [int(data.places[row]) for row in part.reshape(-1) if row >= 0]
    return found
