"""Finds and reads mmvalidate.toml and gives its values to a command as the defaults of its options.

Precedence is the command-line library's own: flag, environment variable (MMVALIDATE_CUTOFF_LEN), file, default.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from validator.catalog.yaml_registry import is_training_file, is_yaml
from validator.cli.common import usage
from validator.findings import clip
from validator.json_text import decode, refuse_unwritable
from validator.named_file import read_named
from validator.nearest import did_you_mean
from validator.storage.remote import is_remote

if TYPE_CHECKING:
    from pydantic import BaseModel

    from validator.settings import PerDataset

NAMES = ("mmvalidate.toml", "pyproject.toml")
MOST_BYTES = 4 << 20
"""Of a settings file."""
PREFIX = "MMVALIDATE_"
_PATHS = ("dataset_info", "media_dir")
"""Options that are paths here or elsewhere; those of type Path need no mention."""
_PERHAPS_PATHS = ("processor", "model", "reference_model")


@dataclass(frozen=True, slots=True)
class Configured:
    """What a file has said: its values as the options take them, and what no option takes. No file, no `path`."""

    path: Path | None = None
    values: dict[str, Any] = field(default_factory=dict)
    per_dataset: dict[str, PerDataset] = field(default_factory=dict)


def configure(context: typer.Context, value: str | None, keys: type[BaseModel]) -> str | None:
    """What `--config` does: find the file, check it by its `keys`, and lay its values below flags and environment."""
    try:
        known = set(keys.model_fields)
        _check_environment(os.environ, (known | {"trust", "allow_pickles"}) - {"per_dataset", "dataset_info"})
        path = None if value == "off" else find() if value is None else Path(value)
        if path is not None and is_yaml(path):
            raise ValueError(f"{path} is YAML: name a training file alone, or by --train-config; --config is in TOML.")
        if path is None:
            context.obj = Configured()
            return value
        defaults, per_dataset = read(path, keys)
        if is_training_file(str(defaults.get("dataset_info", ""))) and "train_config" not in defaults:
            defaults["train_config"] = defaults.pop("dataset_info")
    except ValueError as error:
        usage(error)
    context.default_map = {**defaults, **(context.default_map or {})}  # a training file's values come before these
    context.obj = Configured(path, defaults, per_dataset)
    return value


def find(start: Path | None = None) -> Path | None:
    """The nearest settings file in a folder or above it; mmvalidate.toml before pyproject.toml."""
    folder = (start or Path.cwd()).absolute()
    for place in (folder, *folder.parents):
        for name in NAMES:
            path = place / name
            if path.is_file() and (name != "pyproject.toml" or _table(path)):
                return path
    return None


def read(path: Path, keys: type[BaseModel]) -> tuple[dict[str, Any], dict[str, PerDataset]]:
    """The values of a settings file, as the options of `check` take them, and its settings of single entries.

    `keys` is what a file may hold (validator/cli/config_keys.py). Paths in it are relative to its folder. Raises
    ValueError with a sentence.
    """
    from pydantic import ValidationError

    from validator.cli.config_keys import DatasetTable, kebab
    from validator.settings import PerDataset

    table = _table(path)
    _check_keys(path, "", table, [kebab(name) for name in keys.model_fields])
    own = table.get("per-dataset")
    for name, values in own.items() if isinstance(own, dict) else ():
        if isinstance(values, dict):
            _check_keys(path, f"per-dataset.{name}.", values, [kebab(key) for key in DatasetTable.model_fields])
    try:
        config = keys.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("constrained", "function")))
        raise ValueError(f"{path}: {clip(place, 100)}: {clip(first['msg'], 300)}.") from None
    values = {name: getattr(config, name) for name in config.model_fields_set if name != "per_dataset"}
    defaults = {name: _plain(name, value, path.parent) for name, value in values.items()}
    entries = {
        name: PerDataset(
            **{**dict(table), "max_rate": rates(f"{word}={limit}" for word, limit in table.max_rate.items())}
        )
        for name, table in (getattr(config, "per_dataset", None) or {}).items()
    }
    return defaults, entries


def rates(pairs: Iterable[str]) -> dict[str, float]:
    """CODE=PCT, with or without a percent sign. Raises ValueError."""
    found = {}
    for pair in pairs:
        word, _, number = pair.partition("=")
        try:
            if not word.strip():
                raise ValueError
            found[word.strip()] = float(number.strip().removesuffix("%"))
        except ValueError:
            raise ValueError(f"--max-rate {pair}: write CODE=PCT, as in TK001=0.5.") from None
    return found


def severities(pairs: Iterable[str]) -> dict[str, str]:
    """CODE=LEVEL. Raises ValueError."""
    found = {}
    for pair in pairs:
        word, _, level = pair.partition("=")
        if not word.strip() or level not in ("error", "warning", "info"):
            raise ValueError(f"--severity {pair}: write CODE=LEVEL, as in IM005=error; levels: error, warning, info.")
        found[word.strip()] = level
    return found


def _table(path: Path) -> dict[str, Any]:
    """The table of settings in a file; empty in a pyproject.toml without one. Raises ValueError."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # the same, for Python 3.10
    try:
        data = read_named(path, MOST_BYTES)
    except OSError as error:
        raise ValueError(f"Cannot open {path}: {error.strerror or error}.") from None
    try:
        content: dict[str, Any] = tomllib.loads(decode(data))
        refuse_unwritable(content, other=str)
    except (ValueError, RecursionError) as error:
        if path.name == "pyproject.toml" and b"[tool.mmvalidate" not in data:
            return {}  # somebody else's to repair
        reason = "it is nested too deep" if isinstance(error, RecursionError) else clip(str(error), 300)
        raise ValueError(f"{path} is not valid TOML: {reason}.") from None
    if path.name != "pyproject.toml":
        return content
    tool = content.get("tool", {})
    table = tool.get("mmvalidate", {}) if isinstance(tool, dict) else {}
    return table if isinstance(table, dict) else {}


def _check_keys(path: Path, place: str, table: dict[str, Any], known: list[str]) -> None:
    for key in table:
        if key not in known:
            guess = did_you_mean(key.replace("_", "-"), known)
            raise ValueError(f"{path}: there is no setting {clip(place + key, 100)}.{guess}")


def _check_environment(environment: Iterable[str], known: set[str]) -> None:
    """Refuse a variable that looks like a mistyped one of ours; others are none of our business."""
    names = [name.upper() for name in known]
    for variable in environment:
        name = variable.removeprefix(PREFIX)
        if name != variable and name not in names and (close := difflib.get_close_matches(name, names, 1, 0.8)):
            raise ValueError(f"There is no environment variable {variable}. Did you mean {PREFIX}{close[0]}?")


def _plain(name: str, value: Any, folder: Path) -> Any:
    """A value as the option would be given it."""
    if isinstance(value, list):
        return [_plain(name, item, folder) for item in value]
    if isinstance(value, dict):
        return [f"{key}={folder / item if name == 'report' else item}" for key, item in value.items()]
    if isinstance(value, Enum):
        return value.value
    text = str(value)
    if isinstance(value, Path) or (name in _PATHS and not is_remote(text)):
        return str(folder / Path(text).expanduser())
    return str(folder / text) if name in _PERHAPS_PATHS and text.startswith(".") else value
