"""What a run will cost, from facts: steps, tokens, padding, the worst batch and its memory, labels per step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from validator.auditing.data import places_of
from validator.engine.run_files.finished import FinishedRun
from validator.training.length import MOST, micro_batches_of, step_counts
from validator.training.memory import MULTIPLE, memory_of, worst_batch
from validator.training.record import DataFacts, TrainingCase
from validator.training.share import micro_batches


def cost_of(run: FinishedRun, case: TrainingCase) -> dict[str, Any]:
    """The cost of a run over the rows of a finished check.

    Without `gpus` one card is taken for granted. Padding is that of the first epoch, in the trainer's own order where
    that is known.
    """
    data, config, gpus = case.data, case.config, case.gpus or 1
    assert data is not None
    if not data.rows:
        return {"rows": 0}
    total = int(data.tokens.sum())
    cost: dict[str, Any] = {
        "rows": data.rows,
        "gpus": gpus,
        "gpus_given": case.gpus is not None,
        "epochs": float(config["num_train_epochs"]),
        "tokens_per_epoch": total,
        "visual_tokens_per_epoch": int(data.visual.sum()),
        "images_per_epoch": int(data.images.sum()),
        "videos_per_epoch": int(data.videos.sum()),
        "label_tokens_per_epoch": int(data.labels.sum()),
        "truncated_label_share": round(1 - int(data.labels.sum()) / max(int(data.labels_full.sum()), 1), 6),
        "order": data.kept_order,
    }
    if config.packs:
        packs = math.ceil(total / config["cutoff_len"])
        cost |= {"packs_at_least": packs} | step_counts(case, micro_batches_of(packs, config, gpus))
    else:
        cost |= step_counts(case, micro_batches_of(data.rows, config, gpus))
        try:
            rows = micro_batches(data, config, gpus)
        except ValueError as error:
            cost["order"] = data.kept_order or str(error)
        else:
            cost |= _padding(data, rows.reshape(-1, rows.shape[-1]))
            cost["labels_per_step"] = _labels_per_step(data, rows, config.accumulation)
    if config["max_steps"] >= 0:
        cost["epochs"] = round(cost["steps"] / cost["steps_per_epoch"], 4)
    cost["worst_batch"] = _worst(run, case)
    return cost


def _lengths(data: DataFacts, batches: Any) -> Any:
    return np.where(batches < 0, 0, data.tokens[batches])


def _padding(data: DataFacts, batches: Any) -> dict[str, Any]:
    """Tokens that are computed for nothing: every row of a batch is as long as its longest."""
    lengths = _lengths(data, batches)
    longest = -(-lengths.max(axis=1) // MULTIPLE) * MULTIPLE
    computed = int((longest * (batches >= 0).sum(axis=1)).sum())
    return {"padding_share": round(1 - int(lengths.sum()) / computed, 6)}


def _labels_per_step(data: DataFacts, rows: Any, accumulation: int) -> dict[str, int]:
    """The 10th, 50th and 90th percentile of labels in an optimizer step, over all ranks."""
    sums = np.where(rows < 0, 0, data.labels[rows]).reshape(len(rows), -1).sum(axis=1)
    steps = np.add.reduceat(sums, np.arange(0, len(sums), min(accumulation, len(sums))))
    return {f"p{part}": int(np.percentile(steps, part, method="nearest")) for part in (10, 50, 90)}


def _worst(run: FinishedRun, case: TrainingCase) -> dict[str, Any]:
    """The batch that holds the longest rows together: chance may draw it in any epoch."""
    data = case.data
    assert data is not None
    rows, length = worst_batch(case)
    longest: Any = [] if case.config.packs else np.argsort(-data.tokens, kind="stable")[: min(rows, 3)]
    places = places_of(run, [int(data.places[row]) for row in longest])
    return {
        "tokens": length * rows,
        "rows": [{"dataset": dataset, "file": file, "row": row} for dataset, file, row in places],
    } | _memory(case)


def _memory(case: TrainingCase) -> dict[str, Any]:
    """What the run takes on one card when it comes to this batch."""
    needed, memory = memory_of(case), case.gpu_memory
    if needed is None or case.shape is None:
        return {"model": None}
    return {
        "model": case.shape.name,
        "state_bytes": min(needed.state, MOST),
        "bytes": min(needed.total, MOST),
        "assumed": list(needed.assumed),
        "memory_gib": memory,
        "fits": None if memory is None else needed.fits(memory),
    }
