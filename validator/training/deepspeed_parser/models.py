"""DeepSpeed's pydantic models, made again from the table, and what they say of a mapping."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model
from pydantic_core import PydanticCustomError

from validator.training.deepspeed_parser.checks import CHECKS, KEYS
from validator.training.deepspeed_parser.coercion import SAYS, as_member, as_version_1
from validator.training.deepspeed_parser.release import Release

_PLAIN = {"bool": bool, "int": int, "float": float, "str": str, "path": str, "list": list, "tuple": tuple, "dict": dict}
_BOUNDS = ("ge", "gt", "le", "lt")


class _Model(BaseModel):
    """`DeepSpeedConfigModel`: no other keys, and a value that is "auto" counts as absent."""

    model_config = ConfigDict(
        validate_default=True, use_enum_values=True, populate_by_name=True, extra="forbid", protected_namespaces=()
    )

    def __init__(self, strict: Any = False, **values: Any) -> None:
        super().__init__(**(values if strict else {key: value for key, value in values.items() if value != "auto"}))


def refused_by_model(section: str, values: dict[str, Any], release: Release) -> Iterator[tuple[str, str, str]]:
    """(key, exception, its words) of a section that a model reads; `values` has text keys."""
    model = _model(section, release)
    start = f"for {model.__name__}"
    try:
        made = model(**values)
    except TypeError as error:  # a check's own, which pydantic does not catch
        key = f"{section}.leaf_module" if str(error).startswith("leaf_module") else section
        yield key, "TypeError", str(error)
        return
    except ValidationError as error:
        items = error.errors(include_url=False, include_input=False)
        count = f"{len(items)} validation error{'s' if len(items) > 1 else ''} {start}"
        for item in items:
            says = _words(item, release)
            path = [str(part) for part in item["loc"]]
            about = next((key for words, key in KEYS.items() if words in says), "") if _of_model(path, section) else ""
            yield ".".join([section, *path, *([about] if about else [])]), "ValidationError", f"{count}: {says}"
        return
    fields = release.rows("fields", section)
    for name, field in fields.items():
        new = field.get("replaced_by")
        if new and name in made.model_fields_set and new in made.model_fields_set:
            says = f"Cannot provide deprecated parameter '{name}' and replacing parameter '{new}' together"
            yield f"{section}.{name}", "AssertionError", says


def _of_model(path: list[str], section: str) -> bool:
    """Whether an error is about a whole model: the words then say which key."""
    return not path or path[-1] in ("zenflow", "leaf_module")


def _words(item: Any, release: Release) -> str:
    says = str(item["msg"])
    if release.value("pydantic") == 1 and item["type"] in SAYS:
        return SAYS[item["type"]].format(**item.get("ctx", {}))
    return says


def known_keys(section: str, release: Release) -> tuple[str, ...]:
    """The keys that a model takes: a field with an alias goes by both."""
    fields = release.rows("fields", section)
    return tuple(name for key, field in fields.items() for name in (field.get("alias", key), key))


@cache
def _model(section: str, release: Release) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for name, field in release.rows("fields", section).items():
        inner = f"{section}.{field.get('alias', name)}"
        kind = _kind(field["type"], inner, release)
        bounds = {bound: field[bound] for bound in _BOUNDS if bound in field}
        fields[name] = (kind, Field(field["default"], alias=field.get("alias"), **bounds))
    made = {} if release.value("pydantic") == 1 else release.rows("checks", section)
    checks = {f"check_{number}": CHECKS[name]() for number, name in enumerate(made) if name in CHECKS}
    name = release.rows("models", section)["name"]
    made_model: type[BaseModel] = create_model(name, __base__=_Model, __validators__=checks, **fields)
    return made_model


def _kind(kind: Any, section: str, release: Release) -> Any:
    """A type of the table as a type for pydantic."""
    first = release.value("pydantic") == 1
    if kind == "model":
        made = _model(section, release)
        return Annotated[made, BeforeValidator(as_version_1("dict"))] if first else made
    if kind == "any":
        return Any
    if kind == "never":
        return Annotated[Any, BeforeValidator(_never), Field(validate_default=False)]
    if isinstance(kind, str):
        plain = _PLAIN[kind]
        return Annotated[plain, BeforeValidator(as_version_1(kind))] if first else plain
    if "optional" in kind:
        return _kind(kind["optional"], section, release) | None
    if "union" in kind:
        return Union[tuple(_kind(part, section, release) for part in kind["union"])]  # noqa: UP007  made, not written
    if "literal" in kind:
        return Literal[tuple(kind["literal"])]
    if "list" in kind:
        made_list: Any = list
        return made_list[_kind(kind["list"], section, release)]
    if first:
        return Annotated[Any, BeforeValidator(as_member(kind["enum"]))]
    members = [(f"member_{number}", value) for number, value in enumerate(kind["enum"])]
    make: Any = Enum
    return make("Enumeration", members, type=int if kind["of"] == "int" else str)


def _never(value: Any) -> Any:
    raise PydanticCustomError("is_instance_of", "Input should be an instance of dtype")
