"""How pydantic 1 reads a value: DeepSpeed before 0.15 uses it. 1.5 is the integer 1 there, and a number is a text.

Source: `pydantic/v1/validators.py`, which pydantic 2 still carries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_core import PydanticCustomError

_TRUE, _FALSE = {1, "1", "on", "t", "true", "y", "yes"}, {0, "0", "off", "f", "false", "n", "no"}
SAYS = {
    "extra_forbidden": "extra fields not permitted",
    "greater_than_equal": "ensure this value is greater than or equal to {ge}",
    "greater_than": "ensure this value is greater than {gt}",
    "less_than_equal": "ensure this value is less than or equal to {le}",
    "less_than": "ensure this value is less than {lt}",
}
"""Its words for what pydantic 2 says otherwise."""


def as_version_1(kind: str) -> Callable[[Any], Any]:
    """The reading of a plain type: `bool`, `int`, `float`, `str`, `list` or `dict`."""

    def read(value: Any) -> Any:
        if value is None:
            raise _refused("none is not an allowed value")
        try:
            return _READERS[kind](value)
        except (TypeError, ValueError, OverflowError):
            raise _refused(_WORDS[kind]) from None

    return read


def as_member(values: list[Any]) -> Callable[[Any], Any]:
    """The reading of an enumeration: equal to a member, of whatever type."""

    def read(value: Any) -> Any:
        for member in values:
            if member == value:
                return member
        raise _refused(f"value is not a valid enumeration member; permitted: {', '.join(map(repr, values))}")

    return read


def _refused(says: str) -> PydanticCustomError:
    return PydanticCustomError("version_1", "{says}", {"says": says})


def as_bool(value: Any) -> bool:
    """A switch: pydantic 2 knows the same words. Raises ValueError or TypeError."""
    word = value.lower() if isinstance(value, str) else value
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError


def _str(value: Any) -> str:
    if not isinstance(value, (str, int, float)):
        raise TypeError
    return str(value)


def _path(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "bool": as_bool,
    "int": int,
    "float": float,
    "str": _str,
    "path": _path,
    "list": _list,
    "tuple": _list,
    "dict": dict,
}
_WORDS = {
    "bool": "value could not be parsed to a boolean",
    "int": "value is not a valid integer",
    "float": "value is not a valid float",
    "str": "str type expected",
    "path": "value is not a valid path",
    "list": "value is not a valid list",
    "tuple": "value is not a valid tuple",
    "dict": "value is not a valid dict",
}
