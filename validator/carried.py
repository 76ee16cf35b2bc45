"""Dataclasses of which thousands go from one process to another."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

Kind = TypeVar("Kind")


def carried(kind: type[Kind]) -> type[Kind]:
    """Have the objects of a dataclass of several fields, all positional, be pickled as their values: the way of frozen
    dataclasses with slots takes several times as long.
    """
    values = attrgetter(*(field.name for field in fields(kind)))  # type: ignore[arg-type]

    def reduced(self: Kind) -> tuple[type[Kind], tuple[Any, ...]]:
        return kind, values(self)

    kind.__reduce__ = reduced  # type: ignore[assignment, method-assign]
    return kind
