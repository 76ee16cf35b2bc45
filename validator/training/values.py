"""What the trainer does with one value of a training file: refuses it, reads it as something else, or takes it.

It checks no types: a wrong value stops it wherever it is first used, or never. So the answers are measured, by kinds of
values, and stand in `assets/training_values.json` (`scripts/make_training_values.py`: LLaMA-Factory 0.9.5, transformers
5.6.0, up to the first optimizer step).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from validator.training.arguments import MAIN, Argument, argument_named
from validator.training.kinds import KINDS, context_of, kind_of_value

NO_WORDS = frozenset(("false", "no", "off", "n", "f", "0", "none", "null"))
"""Texts that say no and count as yes."""
_NAMES = ("text", "number as text", "fraction as text", "list", "list of numbers", "mapping")
_BESIDE_OTHERS = (
    "val_size",
    "warmup_steps",
    "warmup_ratio",
    "logging_steps",
    "early_stopping_steps",
    "dataloader_prefetch_factor",
    "quantization_bit",
    "export_quantization_bit",
    "image_max_pixels",
    "video_max_pixels",
)
"""Keys whose numbers are judged beside others (`refusals.py`): `logging_steps: 0` stops nothing under `epoch`."""
_NUMBERS = ("one", "whole", "fraction", "large fraction")


@cache
def measured() -> dict[str, dict[str, tuple[str, str, str]]]:
    """{key: {kind: (stage, error, words)}} of values that stop the trainer."""
    table = orjson.loads(files("validator.assets").joinpath("training_values.json").read_bytes())
    said = [(stage, error, words) for stage, error, words in table["answers"]]
    return {key: {kind: said[place] for kind, place in kinds.items()} for key, kinds in table["keys"].items()}


def refused_value(key: str, value: Any) -> tuple[str, str, str] | None:
    """(stage, error, words) where a value of this kind stops the trainer, None where it does not, or where it depends
    on the value itself (names of things, numbers of the right type, contents of mappings) or on others.
    """
    argument, kind = argument_named(key), kind_of_value(value)
    if key in MAIN:
        return None if argument.expects(value) else ("arguments", "ValueError", _one_of(argument))
    if value is None and "null" in argument.types:
        return None
    if argument.choices and isinstance(value, str) and value in argument.choices:
        return None
    if kind in _decided_elsewhere(key):
        return None
    answers = measured().get(key, {})
    said = answers.get(kind)
    if "bool" in argument.types and said in (answers.get("true"), answers.get("false")):
        return None  # what stops is the switch, as far as other keys and the data go
    return said


def _one_of(argument: Argument) -> str:
    *others, last = argument.choices
    return f"`{argument.name}` must be one of {', '.join(others)}, or {last}."


@cache
def _decided_elsewhere(key: str) -> frozenset[str]:
    """Kinds of which single values differ."""
    argument = argument_named(key)
    kinds: list[str] = []
    if "str" in argument.types and not argument.choices:
        kinds += [kind for kind in _NAMES if argument.items or not kind.startswith(("list", "mapping"))]
    if "dict" in argument.types:
        kinds += ["mapping", "text"]
    if "any" in argument.types:
        kinds += ["text"]
    if {"int", "float"} & set(argument.types) and not argument.bounded:
        kinds += _NUMBERS if "float" in argument.types else _NUMBERS[:2]
    if key in _BESIDE_OTHERS:
        kinds += [kind for kind in KINDS if kind.startswith(("negative", "zero", "one", "whole"))]
    return frozenset(kinds)


def matters(key: str, values: Mapping[str, Any]) -> bool:
    """Whether a key is looked at under the other values of a file."""
    context = context_of(key)
    if context in ("lora", "oft", "freeze"):
        return bool(values["finetuning_type"] == context)
    if context == "evaluation":
        always = ("val_size", "eval_strategy", "metric_for_best_model")
        return bool(values["do_eval"]) or values["eval_strategy"] != "no" or key in always
    if context == "streaming":
        return bool(values["streaming"]) or key == "streaming"
    if context == "dpo":
        return bool(values["stage"] == "dpo")
    return True


def as_taken(argument: Argument, value: Any) -> Any:
    """What a value that the trainer takes means to it: anything is a switch, a switch is 0 or 1; where nothing of the
    kind is meant, the default.
    """
    if set(argument.types) <= {"bool", "null"}:
        return bool(value)
    if isinstance(value, bool) and {"int", "float"} & set(argument.types):
        return int(value)
    if isinstance(value, float) and value.is_integer() and "int" in argument.types:
        return int(value)
    return argument.default


def says_no(argument: Argument, value: Any) -> bool:
    """Whether a text that says no is read as yes."""
    return "bool" in argument.types and isinstance(value, str) and value.strip().lower() in NO_WORDS


def no_number(argument: Argument, value: Any) -> bool:
    """Whether a number is NaN or infinite."""
    return "float" in argument.types and isinstance(value, float) and not math.isfinite(value)
