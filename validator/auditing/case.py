"""Everything about a training configuration that needs no data."""

from __future__ import annotations

import os
from pathlib import Path

from validator.training.adapter import continued
from validator.training.config import TrainingConfig
from validator.training.deepspeed import load_deepspeed
from validator.training.preprocessed import card_in
from validator.training.record import DataFacts, TrainingCase
from validator.training.resume import occupied, resumed
from validator.training.saved import saved_model
from validator.training.shape import model_type, shape_of
from validator.training.versions import Versions


def training_case(
    config: TrainingConfig,
    versions: Versions,
    gpus: int | None = None,
    data: DataFacts | None = None,
    *,
    memory: float | None = None,
) -> TrainingCase:
    """The case that the CF rules judge. `memory`: of one GPU, in GiB."""
    deepspeed = fault = None
    try:
        deepspeed = load_deepspeed(config)
    except ValueError as error:
        fault = str(error)
    model = config["model_name_or_path"]
    return TrainingCase(
        config,
        versions,
        deepspeed,
        fault,
        gpus,
        shape_of(model),
        model_type(model),
        data,
        written_at(config["tokenized_path"]),
        None if config["tokenized_path"] is None else card_in(Path(config["tokenized_path"])),
        resumed(config),
        occupied(config),
        continued(config),
        saved_model(model),
        memory,
    )


def written_at(tokenized: str | None) -> float | None:
    """When the data of `tokenized_path` were written, None where the trainer would find none there."""
    if tokenized is None or not os.path.isdir(tokenized) or not os.listdir(tokenized):
        return None
    return max(path.stat().st_mtime for path in Path(tokenized).rglob("*") if path.is_file())
