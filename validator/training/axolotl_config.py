"""A configuration of axolotl as a typed record, and what a check takes from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from validator.catalog.axolotl_file import TRAINER, axolotl_entries, is_on
from validator.catalog.trl_file import PART
from validator.nearest import near
from validator.settings import Settings
from validator.tokens.processor import load_processor
from validator.training.config import shown
from validator.training.kinds import kind_of_value
from validator.training.read import read_file
from validator.training.trl_config import counts, processor_of

_YES_NO = ("0", "1", "off", "on", "f", "false", "n", "no", "t", "true", "y", "yes")
"""Texts that pydantic takes for a switch, whatever their case."""
_FALLBACK = "tokenizer_default_fallback_"
"""How names of templates begin that are in no list."""


@dataclass(frozen=True, slots=True)
class AxolotlConfig:
    """What is given, and what holds: given values over axolotl's defaults. `unknown` keys are in none of its tables,
    `refused` are those at whose value it stops, with what it says; those of one of `datasets` as `datasets[0].split`.
    """

    path: Path
    given: Mapping[str, Any]
    unknown: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.given[name] if name in self.given else axolotl_table()["arguments"][name]["default"]

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def is_on(self, name: str) -> bool:
        """Whether a switch is on."""
        return is_on(self[name])

    @property
    def parts(self) -> tuple[Mapping[str, Any], ...]:
        """The mappings of `datasets`."""
        return tuple(part for part in self.given.get(PART) or () if isinstance(part, dict))


@dataclass(frozen=True, slots=True)
class AxolotlCase:
    """A configuration of axolotl before the rules. `pictured`: whether its data have a column of images, None where no
    data were read.
    """

    config: AxolotlConfig
    pictured: bool | None = None


@cache
def axolotl_table() -> dict[str, Any]:
    """`arguments` and `dataset` (keys of one of `datasets`): of each key the kinds of values that are refused, the
    words that are taken where others are refused, the default.
    """
    return orjson.loads(files("validator.assets").joinpath("axolotl_arguments.json").read_bytes())  # type: ignore[no-any-return]


def load_axolotl(path: Path) -> AxolotlConfig:
    """Read a configuration of axolotl. Raises ValueError with a sentence where it cannot be read."""
    return make_axolotl(read_file(path, "training file", plain=True).values, path)


def make_axolotl(given: Mapping[str, Any], path: Path = Path("config.yml")) -> AxolotlConfig:
    """The record of some keys and values."""
    parts = given.get(PART)
    levels = [("", given, "arguments")]
    for number, part in enumerate(parts if isinstance(parts, list) else ()):
        if isinstance(part, dict):
            levels.append((f"{PART}[{number}].", part, "dataset"))
    unknown: list[str] = []
    refused: dict[str, str] = {}
    for prefix, values, name in levels:
        table = axolotl_table()[name]
        for key, value in values.items():
            if key not in table:
                unknown += [] if given.get("plugins") and not prefix else [f"{prefix}{key}"]
            elif refuses(table[key], value):
                refused[f"{prefix}{key}"] = _wanted(table[key])
    return AxolotlConfig(path, given, tuple(unknown), refused)


def refuses(argument: Mapping[str, Any], value: Any) -> bool:
    """Whether a value is of a kind that a key refuses, as far as its kind alone says so."""
    refused, kind = argument["refused"], kind_of_value(value)
    if isinstance(value, str):
        return _refuses_text(argument, value, kind)
    if kind in ("list", "list of numbers", "mapping"):
        return {"list": {"empty list", "list", "list of numbers"}, "mapping": {"empty mapping", "mapping"}}[
            kind.partition(" ")[0]
        ] <= set(refused)
    return kind in refused


def _refuses_text(argument: Mapping[str, Any], text: str, kind: str) -> bool:
    refused, words = argument["refused"], argument.get("words", ())
    if kind not in refused or text in words or text.startswith(_FALLBACK):
        return False
    if "whole" in refused and "true" not in refused and text.lower() in _YES_NO:
        return False
    if kind == "fraction as text":  # 16.0 does for a whole number
        return not text.strip().endswith(".0")
    return kind != "text" or bool(words) or text.strip() == text


def _wanted(argument: Mapping[str, Any]) -> str:
    """What a key wants, by what it takes."""
    refused = set(argument["refused"])
    if words := argument.get("words"):
        return f"one of {', '.join(words)}" + ("" if "true" in refused else ", true or false")
    wanted = [
        said
        for said, kinds in (
            ("true or false", ("true", "false")),
            ("a whole number", ("whole", "zero")),
            ("a number", ("fraction",)),
            ("a text", ("text",)),
            ("a list", ("list",)),
            ("a mapping", ("mapping",)),
        )
        if refused.isdisjoint(kinds)
    ]
    if "a number" in wanted or ("true or false" in wanted and "whole" in refused):
        wanted = [said for said in wanted if said != "a whole number"]
    if "a whole number" in wanted or "a number" in wanted:
        wanted = [said for said in wanted if said != "true or false"]
    return " or ".join(wanted) or "another value"


def near_axolotl(name: str) -> str | None:
    """The key that a name is probably meant to be."""
    prefix, _, key = name.rpartition(".")
    known = axolotl_table()["dataset" if prefix else "arguments"]
    close = near(key.replace("-", "_"), known, cutoff=0.75)
    return close and (f"{prefix}.{close}" if prefix else close)


def axolotl_settings(config: AxolotlConfig) -> dict[str, Any]:
    """What a check's `Settings` take from the file. Relative paths start where training is started: here."""
    length = whole(config.given.get("sequence_len"))  # its default holds for rows of text alone
    return {
        "dataset_info": str(config.path),
        "datasets": tuple(axolotl_entries(config.given, config.path.parent)),
        "trainer": TRAINER,
        "media_dir": ".",
        "cutoff_len": length if counts(length) else None,
        "image_max_pixels": _most_pixels(config),
        "train_on_prompt": config.is_on("train_on_inputs") or None,
        "processor": processor_of(_model(config)),
    }


def whole(value: Any) -> Any:
    """A text of a whole number as the number: pydantic takes it for one."""
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value


def _model(config: AxolotlConfig) -> Any:
    return config["base_model_config"] or config["base_model"]


def pixels(config: AxolotlConfig) -> tuple[int, int] | None:
    """The least and the most pixels of an image, of the model's processor; None where its files cannot be had, which is
    told later.
    """
    try:
        loaded = load_processor(processor_of(_model(config)) or Settings.model_fields["processor"].default)
    except ValueError:
        return None
    return loaded.min_pixels, loaded.max_pixels


def _most_pixels(config: AxolotlConfig) -> int | None:
    limits, most = pixels(config), wanted_pixels(config)
    if limits is None:
        return None
    return most if most is not None and limits[0] <= most <= limits[1] else limits[1]


def wanted_pixels(config: AxolotlConfig) -> int | None:
    """`max_pixels` of `processor_kwargs`."""
    given = config["processor_kwargs"]
    most = given.get("max_pixels") if isinstance(given, dict) else None
    return most if counts(most) else None


def shown_key(config: AxolotlConfig, key: str) -> str:
    """A key with its value, as it is written; a key that is not there without one."""
    return f"`{key}: {shown(config[key])}`" if key in config.given else f"no `{key}`"


def value_at(config: AxolotlConfig, key: str) -> Any:
    """The value of a key, or of one of `datasets` as `datasets[0].split`."""
    prefix, _, name = key.rpartition(".")
    if not prefix:
        return config.given[key]
    return config.given[PART][int(prefix[len(PART) + 1 : -1])][name]
