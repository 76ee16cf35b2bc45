"""Which data sets a trainer is given, and how it makes rows for training and for evaluation of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from validator.settings import Settings
from validator.tokens.processor import load_processor
from validator.training.config import TrainingConfig, check_settings, shown
from validator.training.family import fed_as
from validator.training.mixing import CONCAT


@dataclass(frozen=True, slots=True)
class Packing:
    """Rows are packed up to a length, those of `batch` rows together, which are taken in each of some `processes`."""

    length: int
    neat: bool
    batch: int
    processes: int


@dataclass(frozen=True, slots=True)
class Feeding:
    """Names of data sets, in their order, and the trainer's settings of how they are put together."""

    train: tuple[str, ...]
    evaluation: tuple[str, ...] = ()
    val_size: float = 0.0
    seed: int = 42
    mix_strategy: str = CONCAT
    weights: tuple[float, ...] | None = None
    max_samples: int | None = None
    each: bool = False
    """Every data set for evaluation is one of its own."""
    packing: Packing | None = None


_OF_VIDEO = {
    "video_max_pixels": "max_pixels",
    "video_min_pixels": "min_pixels",
    "video_fps": "fps",
    "video_maxlen": "most",
}
"""Settings that are the trainer's own where nothing is said, by their names in its recipe."""


def feeding_of(config: TrainingConfig) -> Feeding:
    """What a training file says. Raises ValueError where it stops the trainer or is not carried out here."""
    if config.refused:
        key, (_, error, words) = next(iter(config.refused.items()))
        raise ValueError(f"{config.path}: the trainer stops at `{key}`: {error}: {words}")
    if config["stage"] != "sft":
        raise ValueError(f"{config.path}: `stage: {config['stage']}` is not written: only rows of `stage: sft` are.")
    for key in ("streaming", "predict_with_generate"):
        if config[key]:
            raise ValueError(f"{config.path}: rows under `{key}: true` are not written.")
    evaluation = config.names("eval_dataset")
    if evaluation and config["val_size"] > 1e-6:
        raise ValueError(f"{config.path}: the trainer takes `val_size` or `eval_dataset`, not both.")
    return Feeding(
        config.names("dataset"),
        evaluation,
        float(config["val_size"]),
        int(config["seed"]),
        config["mix_strategy"],
        _weights(config),
        config["max_samples"],
        bool(config["eval_on_each_dataset"]),
        _packing(config),
    )


def _packing(config: TrainingConfig) -> Packing | None:
    if not config.packs:
        return None
    neat, batch = bool(config["neat_packing"]), config["preprocessing_batch_size"]
    return Packing(config["cutoff_len"], neat, batch, config["preprocessing_num_workers"] or 1)


def _weights(config: TrainingConfig) -> tuple[float, ...] | None:
    given = config["interleave_probs"]
    if given is None:
        return None
    try:
        return tuple(float(word) for word in str(given).split(","))
    except ValueError:
        raise ValueError(f"{config.path}: `interleave_probs` holds what is no number: {shown(given)}.") from None


def fed_settings(config: TrainingConfig) -> dict[str, Any]:
    """The settings of a check that a training file decides, by name."""
    given = check_settings(config) | fed_as(config)
    return {name: value for name, value in given.items() if value is not None}


def comparable(settings: Settings, name: str) -> Any:
    """A setting as what it comes to: paths as places, what is not said as the trainer's own."""
    if name == "dataset_info":
        return os.path.realpath(settings.dataset_info)
    if name == "template":
        return settings.template or load_processor(settings.processor).family.templates[0]
    if name == "media_dir":
        return os.path.realpath(settings.resolved_media_dir)
    if name in _OF_VIDEO:
        video = settings.profile.video
        return None if video is None else getattr(video, _OF_VIDEO[name])
    return getattr(settings, name)
