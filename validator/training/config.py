"""A LLaMA-Factory training file as a typed record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from validator import nearest
from validator.findings import clip
from validator.tokens.known_templates import LATER
from validator.trainers.registry import DEFAULT
from validator.training.arguments import EARLIER, MAIN, kind_of, known_arguments
from validator.training.of_others import refuse_others
from validator.training.read import read_file
from validator.training.values import as_taken, matters, refused_value

FACTORIES = ("ONLINE", "REMOTE:")
"""`dataset_dir` may name a place instead of a folder; none of these is read."""


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """What is given, and what holds: given values as the trainer takes them over its defaults.

    `unknown` keys are in neither table. `refused` are keys whose value alone stops the trainer, with (stage, error,
    words); `loose` are keys whose value is none that they expect, and that the trainer takes all the same. For refused
    keys, and loose ones that mean nothing, the default holds here. `odd` are texts of numbers that
    YAML reads as others.
    """

    path: Path
    given: Mapping[str, Any]
    values: Mapping[str, Any]
    unknown: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    refused: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    loose: tuple[str, ...] = ()
    odd: Mapping[str, str] = field(default_factory=dict)

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
    def trainer(self) -> str:
        """Whose file it is: that of LLaMA-Factory's main branch where it names what no release has."""
        of_main = MAIN.keys() & self.given.keys() or self["template"] in LATER
        return f"{DEFAULT}@main" if of_main else DEFAULT

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
    read = read_file(path, "training file")
    refuse_others(path, read.values)
    return make_config(read.values, path, odd=read.odd)


def make_config(
    given: Mapping[str, Any], path: Path = Path("train.yaml"), *, odd: Mapping[str, str] | None = None
) -> TrainingConfig:
    """The record of some keys and values. `odd`: texts of numbers that are not what their digits say."""
    table = known_arguments() | MAIN
    values = {name: argument.default for name, argument in table.items()}
    strange = [name for name in given if name not in table]
    wrong = {name: said for name in given if name in table and (said := refused_value(name, given[name]))}
    loose: list[str] = []
    for name, value in given.items():
        if name in wrong or name in strange:
            continue
        if table[name].expects(value):
            values[name] = value
        else:
            loose.append(name)
            values[name] = as_taken(table[name], value)
    return TrainingConfig(
        path,
        given,
        values,
        tuple(name for name in strange if name not in EARLIER),
        tuple(name for name in strange if name in EARLIER),
        {name: said for name, said in wrong.items() if matters(name, values)},
        (*loose, *(name for name in wrong if not matters(name, values))),
        odd or {},
    )


def near(name: str) -> str | None:
    """The known key that a name is probably meant to be."""
    return nearest.near(name, known_arguments() | MAIN, cutoff=0.75)


def shown(value: Any) -> str:
    """A value for a message: bounded, and containers by their kind alone."""
    kind = kind_of(value)
    if isinstance(value, int) and abs(value) >= 10**30:
        return f"{value:.3e}" if abs(value) < 10**300 else "a number of more than 300 digits"
    return {"list": "a list", "dict": "a mapping"}.get(kind) or clip(repr(value), 60)


def _thinking(value: Any) -> str:
    """A value of `enable_thinking` as the trainer takes it: no thoughts where it is false itself, not where it is 0."""
    return "true" if value else "false" if value is False else "null"


def check_settings(config: TrainingConfig) -> dict[str, Any]:
    """What a check's `Settings` take from the file. Raises ValueError where no dataset of this machine is named.

    Paths are relative to the current directory, as for the trainer.
    """
    folder = config["dataset_dir"]
    if not isinstance(folder, str) or folder.startswith(FACTORIES):
        raise ValueError(
            f"{config.path}: `dataset_dir` is not a folder on this machine; datasets from there are not read."
        )
    datasets = (*config.names("dataset"), *config.names("eval_dataset"))
    if not datasets:
        raise ValueError(f"{config.path}: `dataset` names no dataset.")
    later = {} if config.trainer == DEFAULT else {name: config[name] for name in MAIN} | {"trainer": config.trainer}
    return later | {
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
        "enable_thinking": _thinking(config.given.get("enable_thinking", config["enable_thinking"])),
        "preserve_thinking": config["preserve_thinking"] if "preserve_thinking" in config.given else None,
        "mask_history": config["mask_history"],
        "train_on_prompt": config["train_on_prompt"],
    }
