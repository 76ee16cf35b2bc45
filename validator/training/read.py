"""Reads a training file as `llamafactory-cli train` does, through OmegaConf's YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from validator.findings import clip
from validator.json_text import decode, parse_json
from validator.named_file import read_named

MOST_BYTES = 256 << 10
"""A training file has a hundred lines; what is much larger is something else."""


@dataclass(frozen=True, slots=True)
class Read:
    """The keys and values of a file, and the texts of numbers that are not what their digits say."""

    values: dict[str, Any]
    odd: dict[str, str] = field(default_factory=dict)


def read_mapping(path: Path, what: str, *, is_json: bool = False) -> dict[str, Any]:
    """The keys and values alone (`read_file`)."""
    return read_file(path, what, is_json=is_json).values


def read_file(path: Path, what: str, *, is_json: bool = False, plain: bool = False) -> Read:
    """A YAML or JSON file: `is_json`, or by its name; `plain`: always YAML, as PyYAML reads it. Raises ValueError with
    a sentence; `what` says what it is.
    """
    odd: dict[str, str] = {}
    shown = clip(str(path), 300)
    try:
        data = read_named(path, MOST_BYTES)
    except OSError as error:
        raise ValueError(f"The {what} {shown} cannot be read: {error.strerror}.") from None
    try:
        is_json = is_json or (path.suffix == ".json" and not plain)
        value = parse_json(data) if is_json else _yaml(decode(data), odd, plain=plain)
    except ValueError as error:
        raise ValueError(f"The {what} {shown} cannot be parsed: {clip(str(error), 300)}.") from None
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"{shown} is not a {what}: it contains no keys with values.")
    return Read(value, odd)


def _yaml(text: str, odd: dict[str, str], *, plain: bool) -> Any:
    from validator.yaml_text import parse_yaml  # loading it takes a tenth of a check of a few rows

    return parse_yaml(text, odd, plain=plain)
