"""What a caller gives: whatever cannot be is one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from validator.errors import reasons
from validator.nearest import did_you_mean
from validator.settings import Settings
from validator.trainers.registry import trainer_named


@contextmanager
def sentences() -> Iterator[None]:
    """What pydantic refuses meanwhile is a plain ValueError with its reasons."""
    try:
        yield
    except ValidationError as error:
        raise ValueError(reasons(error)) from None


def check_names(names: Iterable[str], known: Iterable[str], execution: Iterable[str] = ()) -> None:
    """Raise ValueError where a name is no setting; `execution`: those that an `Execution` has instead."""
    settings, others = list(known), list(execution)
    for name in names:
        if name in others:
            raise ValueError(f"{name} is not a setting: give it as execution=Execution({name}=...).")
        if name not in settings:
            raise ValueError(f"There is no setting {name}.{did_you_mean(name, settings)}")


def check_least(least: float, **values: float | None) -> None:
    """Raise ValueError where a number is smaller."""
    for name, value in values.items():
        if value is not None and value < least:
            raise ValueError(f"{name} ({value}) cannot be smaller than {least}.")


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise ValueError where a word is none of some."""
    if value not in choices:
        raise ValueError(f"{name} is one of {', '.join(choices)}, not {value}.")


def several(name: str, values: Sequence[Any]) -> tuple[Any, ...]:
    """Values of a list. Raises ValueError for a text, whose letters would be taken one by one, and for what is none."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ValueError(f"{name} is a list: [{values!r}].")
    return tuple(values)


def changed(settings: Settings, changes: dict[str, Any]) -> dict[str, Any]:
    """The values of settings with some of them changed. A least number of pixels that is the trainer's own stays so."""
    values = settings.model_dump()
    if settings.image_min_pixels == trainer_named(settings.trainer).min_pixels:
        del values["image_min_pixels"]
    return values | changes
