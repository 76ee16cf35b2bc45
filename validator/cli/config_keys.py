"""The keys of mmvalidate.toml: every option of `mmvalidate check` by its long name, and tables for what has no flag.

They are read off the command, so that a new option is a key without further work.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, create_model
from typer.models import ArgumentInfo, OptionInfo

from validator.findings import Severity
from validator.settings import PerDataset

FLAGS_ONLY = frozenset(("config", "trust", "allow_pickles", "write_baseline", "reason", "quiet", "verbose"))
"""Options that belong to one call and are no keys; a file cannot ask for its own trust."""
Percentage = Annotated[float, Field(ge=0, le=100)] | Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?%?$")]
TABLES: dict[str, Any] = {
    "severity": dict[str, Severity],
    "max_rate": dict[str, Percentage],
    "report": dict[str, str],
}
"""Options given as NAME=VALUE: in the file they are tables."""


def kebab(name: str) -> str:
    """A key as it is written: `cutoff-len`."""
    return name.replace("_", "-")


class DatasetTable(PerDataset):
    """What is judged otherwise in one entry of dataset_info.json."""

    model_config = ConfigDict(alias_generator=kebab, title="per-dataset")

    ignore: tuple[str, ...] = Field(default=(), description="Skip these rules.")
    severity: dict[str, Severity] = Field(default={}, description="Another severity, by code, prefix or name.")
    max_rate: dict[str, Percentage] = Field(  # type: ignore[assignment]  # as written, with or without %
        default={}, description="The percentage of the entry's rows that may have a finding, by code, prefix or name."
    )
    min_rows: int = Field(default=0, ge=0, description="Fail if the entry has fewer rows than this.")


@cache
def config_model(command: Callable[..., None]) -> type[BaseModel]:
    """The content of mmvalidate.toml, or of [tool.mmvalidate] in pyproject.toml, as a model: the options of `check`."""
    fields: dict[str, Any] = {}
    for name, kind, info, default in options_of(command):
        if name in FLAGS_ONLY:
            continue
        kind = TABLES.get(name) or _checked(kind, info)
        shown = None if default is ... or isinstance(default, list) else getattr(default, "value", default)
        fields[name] = (kind | None, Field(default=shown, description=info.help))
    fields["per_dataset"] = (
        dict[str, DatasetTable] | None,
        Field(default=None, description="Settings of single entries: [per-dataset.NAME]."),
    )
    config = ConfigDict(extra="forbid", alias_generator=kebab, title="Settings of mmvalidate")
    model: type[BaseModel] = create_model("Config", __config__=config, **fields)
    model.__doc__ = "mmvalidate.toml, or [tool.mmvalidate] in pyproject.toml. Flags and MMVALIDATE_... come before it."
    return model


def options_of(command: Callable[..., Any]) -> Iterator[tuple[str, Any, OptionInfo | ArgumentInfo, Any]]:
    """Name, type, description and default of each option and argument of a command."""
    for name, parameter in inspect.signature(command).parameters.items():
        if get_origin(parameter.annotation) is Annotated:
            kind, info = get_args(parameter.annotation)[:2]
            yield name, kind, info, parameter.default


def _checked(kind: Any, info: OptionInfo | ArgumentInfo) -> Any:
    """The type of a key: as strict as TOML is, within the option's limits."""
    if kind is bool:
        return StrictBool
    inner = (
        next((part for part in get_args(kind) if part is not type(None)), None)
        if type(None) in get_args(kind)
        else kind
    )
    if inner is int:
        inner = StrictInt
    limits = getattr(info, "limits", {})
    return Annotated[inner, Field(**limits)] if limits else inner
