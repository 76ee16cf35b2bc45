"""`mmvalidate config`: the settings in force, and where each comes from."""

from __future__ import annotations

import json
import re
from enum import Enum
from typing import Any

import typer

from validator.cli.check import COMMAND as COMMAND_OF_CHECK
from validator.cli.check import check
from validator.cli.command import make
from validator.cli.common import tell, usage
from validator.cli.config_file import Configured
from validator.nearest import did_you_mean

WIDTH = 40
ARBITRARY = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": ["-h", "--help"]}


def config(
    context: typer.Context,
    key: str | None = typer.Argument(None, help="Explain this setting only.", show_default=False),
) -> None:
    """Show the settings in force and where each comes from. Takes the options of `check`, to show what they change."""
    from validator.cli.config_keys import TABLES, config_model, kebab

    fields = config_model(check).model_fields
    arguments = list(context.args)
    if key is not None and key.startswith("-"):
        arguments, key = [key, *arguments], None
    if key is not None:
        name = key.replace("-", "_")
        if name not in fields:
            usage(ValueError(f"There is no setting {key}.{did_you_mean(key, map(kebab, fields))}"))
        print(f"{key}: {fields[name].description}")
        return
    parsed = COMMAND_OF_CHECK.make_context("check", [*arguments], parent=context.parent, resilient_parsing=False)
    configured: Configured = parsed.obj
    tell(f"# settings file: {configured.path or 'none'}")
    for name in fields:
        if name != "per_dataset":
            value = parsed.params[name]
            if name in TABLES:
                value = {key: given for key, _, given in (pair.partition("=") for pair in value)}
            tell(_line(kebab(name), value, _source(parsed, name, configured)))
    for dataset, table in configured.per_dataset.items():
        print(f"\n[per-dataset.{_key(dataset)}]")
        for name, value in table:
            if value:
                tell(_line(kebab(name), value, configured.path.name if configured.path else ""))


def _source(parsed: Any, name: str, configured: Configured) -> str:
    kind = parsed.get_parameter_source(name).name
    if kind == "COMMANDLINE":
        return "flag"
    if kind == "ENVIRONMENT":
        return f"MMVALIDATE_{name.upper()}"
    if kind == "DEFAULT_MAP":
        known = configured.path and configured.values.get(name) == parsed.default_map[name]
        return configured.path.name if configured.path and known else "training file"
    from validator.trainers.registry import DEFAULT, trainer_named

    trainer = trainer_named(DEFAULT).defaults.get(name)
    return "default" if trainer is None else f"default (the trainer's own: {trainer})"


def _line(key: str, value: Any, source: str) -> str:
    if value is None or (value in ([], (), {}) and source == "default"):
        return f"# {key + ' is not set':<{WIDTH - 2}}  # {source}"
    return f"{f'{key} = {_text(value)}':<{WIDTH}}  # {source}"


def _key(word: str) -> str:
    return word if re.fullmatch(r"[A-Za-z0-9_-]+", word) else _text(word)


def _text(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_text(item)}" for key, item in value.items()) + "}"
    text = json.dumps(str(value), ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in text)


COMMAND = make("config", config, context_settings=ARBITRARY)
