"""Options of a command made of the fields of models (`validator/option.py`), and the fields' values made of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from annotated_types import Ge, Gt, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from validator.cli.common import words
from validator.cli.completing import codes, datasets
from validator.cli.config_file import rates, severities
from validator.option import Flag, flag_of

_COMPLETES = {"codes": codes, "datasets": datasets}


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a model that are options, or `only` some, `without` others. `unset`: none has a default; what is
    not given is no value.
    """

    model: type[BaseModel]
    only: Collection[str] | None = None
    without: Collection[str] = ()
    unset: bool = False

    def __iter__(self) -> Iterator[tuple[str, FieldInfo, Flag]]:
        for name, field in self.model.model_fields.items():
            option = flag_of(field)
            if option is not None and name not in self.without and (self.only is None or name in self.only):
                yield name, field, option

    def parameters(self) -> Iterator[inspect.Parameter]:
        """One parameter for each, as typer reads it."""
        for name, field, option in self:
            yield _parameter(name, field, option, unset=self.unset)

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Of the options of a command, the values of the fields. Raises ValueError."""
        found = {}
        for name, field, option in self:
            value = given[_option_name(name, option)]
            if value is not None and not (self.unset and value in ([], ())):
                found[name] = _value(_plain_type(field), value)
        return found


def command(function: Callable[..., None], **groups: Fields) -> Callable[..., None]:
    """A function with an option for each field of the models; it hands them on as `groups`: dicts by field name."""
    hints = get_type_hints(function, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in groups
    ]

    def call(**given: Any) -> None:
        from validator.cli.common import usage

        try:
            values = {name: fields.values(given) for name, fields in groups.items()}
        except ValueError as error:
            usage(error)
        function(**{parameter.name: given[parameter.name] for parameter in own}, **values)

    parameters = [*own, *(parameter for fields in groups.values() for parameter in fields.parameters())]
    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    )
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    call.__doc__, call.__name__ = function.__doc__, function.__name__.strip("_")
    return call


def option_names(model: type[BaseModel]) -> dict[str, str]:
    """Of each field that is an option under another name, that name."""
    named = {name: _option_name(name, option) for name, _, option in Fields(model)}
    return {name: other for name, other in named.items() if name != other}


def _option_name(name: str, option: Flag) -> str:
    return (option.flag or name).replace("-", "_")


def _parameter(name: str, field: FieldInfo, option: Flag, *, unset: bool) -> inspect.Parameter:
    kind = _plain_type(field)
    flag = option.flag or name.replace("_", "-")
    default = None if unset or option.unset or field.is_required() else field.get_default(call_default_factory=True)
    offered, metavar = kind, None
    if get_origin(kind) in (dict, tuple):
        is_path = Path in get_args(kind)
        offered, default = list[Path] if is_path else list[str], []
        metavar = "<name=value>" if get_origin(kind) is dict else "<path>" if is_path else "<str>"
    elif get_origin(kind) is Literal:
        offered = _choices(name, get_args(kind))
        default = None if default is None else offered(default)
    names = [f"--{flag}/--{option.off or f'no-{flag}'}"] if kind is bool else [f"--{flag}"]
    info: Any
    if field.is_required() and not unset:
        info = typer.Argument(help=option.help, show_default=False, metavar=name.upper())
    else:
        info = typer.Option(
            *names,
            help=option.help,
            metavar=metavar,
            rich_help_panel=option.panel,
            show_default=default not in (None, False, []),
            show_envvar=False,
            autocompletion=_COMPLETES[option.completes] if option.completes else None,
        )
    info.limits = _limits(field.metadata)
    if default is None:
        offered = Union[offered, None]  # noqa: UP007  # made as the program runs
    keyword = inspect.Parameter.KEYWORD_ONLY
    annotation = Annotated[offered, info]  # type: ignore[valid-type]
    return inspect.Parameter(_option_name(name, option), keyword, default=default, annotation=annotation)


def _choices(name: str, words: Sequence[str]) -> Any:
    """The type of an option that takes one of some words; where there is but one, the model says why."""
    if len(words) == 1:
        return str
    make: Any = Enum
    return make(name.title().replace("_", ""), {word: word for word in words}, type=str)


def _plain_type(field: FieldInfo) -> Any:
    """The type of a field without None, and without what pydantic is told beside it."""
    kind: Any = field.annotation
    if get_origin(kind) in (Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not NoneType)
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def _limits(metadata: Sequence[Any]) -> dict[str, Any]:
    """ge, gt and le of a field, as a schema has them."""
    names = {Ge: "ge", Gt: "gt", Le: "le"}
    return {names[type(item)]: getattr(item, names[type(item)]) for item in metadata if type(item) in names}


def _value(kind: Any, given: Any) -> Any:
    """The value of a field of what the command line has given."""
    if isinstance(given, Enum):
        return given.value
    if get_origin(kind) is dict:
        pairs = words(given)
        return severities(pairs) if get_origin(get_args(kind)[1]) is Literal else rates(pairs)
    if get_origin(kind) is tuple:
        return tuple(path.absolute() for path in given) if Path in get_args(kind) else words(given)
    return given.absolute() if isinstance(given, Path) else given
