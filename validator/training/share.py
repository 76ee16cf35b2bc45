"""Which share of the loss each row has under the trainer's normalisation, and what its steps look like."""

from __future__ import annotations

import numpy as np

from validator.training.config import TrainingConfig
from validator.training.order import Indices, batches
from validator.training.record import Counts, DataFacts


def micro_batches(data: DataFacts, config: TrainingConfig, gpus: int = 1, epoch: int = 0) -> Indices:
    """The rows of an epoch as places in `data`, by micro-batch, rank and place in the batch; -1 is no row.

    Raises ValueError where they are not worked out (`batches`).
    """
    return batches(
        data.rows,
        epoch=epoch,
        seed=config["seed"] if config["data_seed"] is None else config["data_seed"],
        size=config.batch_size,
        gpus=gpus,
        shuffle=not config["disable_shuffling"],
    )


def weights(data: DataFacts, config: TrainingConfig) -> tuple[Counts, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Labels of every row, and its share of its micro-batch's loss in the first epoch: the mean over the labels of a
    micro-batch weighs each row by its labels, and micro-batches weigh the same.
    """
    rows = micro_batches(data, config)
    rows = rows.reshape(-1, rows.shape[-1])
    labels = np.where(rows < 0, 0, data.labels[rows])
    share = labels / np.maximum(labels.sum(axis=1, keepdims=True), 1)
    weight = np.zeros(data.rows)
    weight[rows[rows >= 0]] = share[rows >= 0]
    return data.labels, weight
