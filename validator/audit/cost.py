"""What a run will cost, from facts: steps, tokens, padding, the worst batch and its memory, labels per step."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from validator.audit.data import places_of
from validator.training.length import MOST, micro_batches_of, step_counts
from validator.training.record import DataFacts, TrainingCase
from validator.training.shape import GIB, activation_bytes, state_bytes
from validator.training.share import micro_batches

MULTIPLE = 8
"""The collator pads to a multiple of this."""


def cost_of(folder: Path, case: TrainingCase, memory: float | None = None) -> dict[str, Any]:
    """The cost of a run over the rows of a finished check. `memory`: of one card, in GiB.

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
        worst: dict[str, Any] = {"tokens": int(config["cutoff_len"]) * min(config.batch_size, packs), "rows": []}
    else:
        cost |= step_counts(case, micro_batches_of(data.rows, config, gpus))
        try:
            rows = micro_batches(data, config, gpus)
        except ValueError as error:
            cost["order"] = data.kept_order or str(error)
        else:
            cost |= _padding(data, rows.reshape(-1, rows.shape[-1]))
            cost["labels_per_step"] = _labels_per_step(data, rows, config.accumulation)
        worst = _worst(folder, data, min(config.batch_size, data.rows))
    if config["max_steps"] >= 0:
        cost["epochs"] = round(cost["steps"] / cost["steps_per_epoch"], 4)
    cost["worst_batch"] = worst | _memory(case, worst["tokens"], gpus, memory)
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


def _worst(folder: Path, data: DataFacts, size: int) -> dict[str, Any]:
    """The batch that holds the longest rows together: chance may draw it in any epoch."""
    longest = np.argsort(-data.tokens, kind="stable")[:size]
    padded = -(-int(data.tokens[longest[0]]) // MULTIPLE) * MULTIPLE
    rows = places_of(folder, data.places[longest[:3]].tolist())
    return {
        "tokens": padded * size,
        "rows": [{"dataset": dataset, "file": file, "row": row} for dataset, file, row in rows],
    }


def _memory(case: TrainingCase, tokens: int, gpus: int, memory: float | None) -> dict[str, Any]:
    """What the batch takes beside weights, gradients and Adam's state, on one card."""
    if case.shape is None:
        return {"model": None}
    state = state_bytes(case.shape, stage=case.zero_stage, gpus=gpus, trained=case.trained or 0) + _buckets(case)
    needed = min(state + activation_bytes(tokens, case.shape), MOST)
    fits = None if memory is None else needed <= memory * GIB
    return {"model": case.shape.name, "state_bytes": state, "bytes": needed, "memory_gib": memory, "fits": fits}


def _buckets(case: TrainingCase) -> int:
    """What DeepSpeed's buckets take under ZeRO-1 and ZeRO-2."""
    if case.deepspeed is None or case.shape is None or case.deepspeed.stage not in (1, 2):
        return 0
    return case.deepspeed.bucket_bytes(case.shape.hidden) or 0
