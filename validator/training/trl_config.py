"""A training file of `trl sft --config` as a typed record, and what a check takes from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from validator.catalog.trl_file import TRAINER, trl_entries
from validator.models.families import of_model_type
from validator.nearest import near
from validator.settings import ENDLESS, Settings
from validator.tokens.processor import load_processor
from validator.training.read import read_file
from validator.training.shape import model_type, on_disk
from validator.training.trl_arguments import OF_PARSER, ValueRefusedError, taken, trl_arguments, trl_table


@dataclass(frozen=True, slots=True)
class TrlConfig:
    """What is given, and what holds: given values as TRL's parser takes them, over its defaults. `unknown` keys are in
    none of its tables, `refused` are those at whose value it stops, with its words; `loose` those of which the value is
    not of the type that is meant, and is taken unchecked.
    """

    path: Path
    given: Mapping[str, Any]
    values: Mapping[str, Any]
    unknown: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    loose: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def parts(self) -> tuple[Mapping[str, Any], ...]:
        """The mappings of a mixture; empty where there is none."""
        parts = self.values["datasets"]
        return tuple(part for part in parts if isinstance(part, dict)) if isinstance(parts, list) else ()


@dataclass(frozen=True, slots=True)
class TrlCase:
    """A training file of TRL before the rules. `pictured`: whether its data have a column of images, None where no data
    were read.
    """

    config: TrlConfig
    pictured: bool | None = None


def load_trl(path: Path) -> TrlConfig:
    """Read a training file of TRL. Raises ValueError with a sentence where it cannot be read."""
    return make_trl(read_file(path, "training file", plain=True).values, path)


def make_trl(given: Mapping[str, Any], path: Path = Path("sft.yaml")) -> TrlConfig:
    """The record of some keys and values."""
    table = trl_arguments()
    values = {name: argument.default for name, argument in table.items()}
    refused: dict[str, str] = {}
    loose: list[str] = []
    for name, value in given.items():
        if name not in table:
            continue
        try:
            values[name] = taken(table[name], value)
        except ValueRefusedError as error:
            refused[name] = str(error)
            continue
        if not table[name].expects(values[name]):
            loose.append(name)
    if "env" in given and not isinstance(given["env"], dict):
        refused["env"] = "ValueError: `env` field should be a dict in the YAML file."
    known = table.keys() | trl_table()["launch"].keys() | set(OF_PARSER)
    return TrlConfig(path, given, values, tuple(name for name in given if name not in known), refused, tuple(loose))


def near_trl(name: str) -> str | None:
    """The key that a name is probably meant to be."""
    said = name.replace("-", "_")
    meant = {"max_seq_length": "max_length"}.get(said)
    return meant or near(said, trl_arguments(), cutoff=0.75)


def trl_settings(config: TrlConfig) -> dict[str, Any]:
    """What a check's `Settings` take from the file. Relative paths start where training is started: here."""
    length, only = config["max_length"], config["completion_only_loss"]
    processor = processor_of(config["model_name_or_path"])
    return _limits(processor) | {
        "dataset_info": str(config.path),
        "datasets": tuple(trl_entries(config.given, config.path.parent)),
        "trainer": TRAINER,
        "media_dir": ".",
        "cutoff_len": length if counts(length) else ENDLESS if length is None else None,
        "assistant_only_loss": bool(config["assistant_only_loss"]) or None,
        "completion_only_loss": None if only is None else bool(only),
        "processor": processor,
    }


def counts(length: Any) -> bool:
    """Whether a value is a length that rows can be cut to."""
    return isinstance(length, int) and not isinstance(length, bool) and 0 < length <= ENDLESS


def _limits(processor: str | None) -> dict[str, int]:
    """The limits of pixels, which are the model's own; none where its files cannot be had, which is told later."""
    try:
        loaded = load_processor(processor or Settings.model_fields["processor"].default)
    except ValueError:
        return {}
    return {"image_min_pixels": loaded.min_pixels, "image_max_pixels": loaded.max_pixels}


def processor_of(name: Any) -> str | None:
    """The processor of the model: its own files where they are here, what is embedded for its family, its name."""
    if not isinstance(name, str) or not name:
        return None
    folder, family = on_disk(name), of_model_type(model_type(name))
    if folder is not None and (folder / "tokenizer.json").is_file():
        return str(folder)
    return family.embedded if family is not None and family.embedded else name
