"""A LLaMA-Factory training file as a typed record."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from validator.findings import clip
from validator.training.arguments import EARLIER, kind_of, known_arguments
from validator.training.read import read_mapping

FACTORIES = ("ONLINE", "REMOTE:")
"""`dataset_dir` may name a place instead of a folder; none of these is read."""


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """What is given, and what holds: given values of the right type over the trainer's defaults.

    `unknown` keys are in neither table; `mistyped` are keys whose value has a type (or a word) that the trainer does
    not expect: for those the default holds here.
    """

    path: Path
    given: Mapping[str, Any]
    values: Mapping[str, Any]
    unknown: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    mistyped: tuple[str, ...] = field(default=())

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def names(self, key: str) -> tuple[str, ...]:
        """The names in a value that is a list, or text with commas (`dataset`, `eval_dataset`)."""
        value = self.values[key]
        if value is None:
            return ()
        words = value.split(",") if isinstance(value, str) else value
        return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))

    @property
    def packs(self) -> bool:
        """Whether rows are packed: `neat_packing` implies `packing`."""
        return bool(self["packing"] or self["neat_packing"])

    @property
    def rows_per_step(self) -> int:
        """Rows of one optimizer step on one GPU."""
        return self.batch_size * self.accumulation

    @property
    def batch_size(self) -> int:
        """Rows of one micro-batch on one GPU."""
        return max(1, int(self["per_device_train_batch_size"]))

    @property
    def accumulation(self) -> int:
        """Micro-batches of one optimizer step."""
        return max(1, int(self["gradient_accumulation_steps"]))


def load_config(path: Path) -> TrainingConfig:
    """Read a training file. Raises ValueError with a sentence where it cannot be read."""
    return make_config(read_mapping(path, "training file"), path)


def make_config(given: Mapping[str, Any], path: Path = Path("train.yaml")) -> TrainingConfig:
    """The record of some keys and values."""
    table = known_arguments()
    values = {name: argument.default for name, argument in table.items()}
    unknown: list[str] = []
    earlier: list[str] = []
    mistyped: list[str] = []
    for name, value in given.items():
        argument = table.get(name)
        if argument is None:
            (earlier if name in EARLIER else unknown).append(name)
        elif not argument.fits(value) or (argument.choices and value not in argument.choices and value is not None):
            mistyped.append(name)
        else:
            values[name] = value
    return TrainingConfig(path, given, values, tuple(unknown), tuple(earlier), tuple(mistyped))


def near(name: str) -> str | None:
    """The known key that a name is probably meant to be."""
    return next(iter(difflib.get_close_matches(name, known_arguments(), n=1, cutoff=0.75)), None)


def shown(value: Any) -> str:
    """A value for a message: bounded, and containers by their kind alone."""
    kind = kind_of(value)
    if isinstance(value, int) and abs(value) >= 10**30:
        return f"{value:.3e}" if abs(value) < 10**300 else "a number of more than 300 digits"
    return {"list": "a list", "dict": "a mapping"}.get(kind) or clip(repr(value), 60)


def check_settings(config: TrainingConfig) -> dict[str, Any]:
    """What a check's `Settings` take from the file. Raises ValueError where no dataset of this machine is named.

    Paths are relative to the current directory, as for the trainer.
    """
    folder = config["dataset_dir"]
    if not isinstance(folder, str) or folder.startswith(FACTORIES):
        raise ValueError(
            f"{config.path}: `dataset_dir` is no folder of this machine; datasets from there are not read."
        )
    datasets = (*config.names("dataset"), *config.names("eval_dataset"))
    if not datasets:
        raise ValueError(f"{config.path}: `dataset` names no dataset.")
    return {
        "dataset_info": str(Path(folder) / "dataset_info.json"),
        "datasets": tuple(dict.fromkeys(datasets)),
        "cutoff_len": config["cutoff_len"] - config.packs,  # the trainer keeps one token back where it packs
        "image_max_pixels": config["image_max_pixels"],
        "image_min_pixels": config["image_min_pixels"],
        "video_max_pixels": config["video_max_pixels"],
        "video_min_pixels": config["video_min_pixels"],
        "video_fps": config["video_fps"],
        "video_maxlen": config["video_maxlen"],
        "media_dir": config["media_dir"],
        "default_system": config["default_system"],
        "mask_history": config["mask_history"],
        "train_on_prompt": config["train_on_prompt"],
    }
