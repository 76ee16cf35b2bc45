"""Every key of a training file of `trl sft --config`, and what becomes of its value.

TRL gives the file's values to argparse as defaults: texts are converted to the type of the key, all other values are
taken as they are. The table is made by `scripts/make_trl_arguments.py` from TRL's own parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from validator.findings import clip
from validator.training.arguments import kind_of

_YES, _NO = ("yes", "true", "t", "y", "1"), ("no", "false", "f", "n", "0")
_NOTHING = ("none", "null")
OF_PARSER = ("env", "accelerate_config")
"""Keys that are taken before the arguments: variables of the environment, and accelerate's own file."""


@dataclass(frozen=True, slots=True)
class TrlArgument:
    """One key: the names of the types that are meant, what texts are converted to (`int`, `float`, `bool`, `text`),
    whether `none` is no value, the words where others are refused, the default.
    """

    name: str
    types: tuple[str, ...]
    reads: str
    default: Any
    none: bool = False
    choices: tuple[str, ...] = ()

    def expects(self, value: Any) -> bool:
        """Whether a value has one of the types that are meant; a whole number does for a fraction, and one word for a
        list of words.
        """
        kind = kind_of(value)
        also = {"int": "float", "str": "list"}.get(kind)
        return "any" in self.types or kind in self.types or also in self.types


@cache
def trl_table() -> dict[str, Any]:
    """The table: `versions` of the packages it is made from, `dataset` (keys of one of `datasets`), `launch` (keys that
    accelerate's launcher takes, and whether with a value), `arguments`.
    """
    return orjson.loads(files("validator.assets").joinpath("trl_arguments.json").read_bytes())  # type: ignore[no-any-return]


@cache
def trl_arguments() -> dict[str, TrlArgument]:
    """All keys, in the order of names."""
    return {
        name: TrlArgument(
            name,
            tuple(item["types"]),
            item["reads"],
            item["default"],
            item.get("none", False),
            tuple(item.get("choices", ())),
        )
        for name, item in trl_table()["arguments"].items()
    }


class ValueRefusedError(Exception):
    """The parser stops at a value; the message is its own."""


def taken(argument: TrlArgument, value: Any) -> Any:
    """A value as the parser hands it on. Raises ValueRefusedError with its words."""
    if isinstance(value, str):
        value = _converted(argument, value)
    if argument.choices and value not in argument.choices:
        raise ValueRefusedError(f"ValueError: {clip(str(value), 60)} is not one of {', '.join(argument.choices)}")
    if argument.name == "datasets" and not isinstance(value, list | dict):
        raise ValueRefusedError("TypeError: it is not a list of mappings, each with `path`")
    return value


def _converted(argument: TrlArgument, text: str) -> Any:
    if argument.none and text.lower() in _NOTHING:
        return None
    try:
        if argument.reads == "int":
            return int(text)
        if argument.reads == "float":
            return float(text)
    except ValueError:
        said = f"invalid {argument.reads} value: {clip(repr(text), 60)}"
        raise ValueRefusedError(f"error: argument --{argument.name}: {said}") from None
    if argument.reads == "bool" and text.lower() not in _YES:
        if text.lower() in _NO:
            return False
        said = f"Truthy value expected: got {clip(text, 60)} but expected one of yes/no, true/false, t/f, y/n, 1/0"
        raise ValueRefusedError(f"error: argument --{argument.name}: {said}")
    return True if argument.reads == "bool" else text
