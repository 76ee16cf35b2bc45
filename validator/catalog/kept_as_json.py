"""Which values of a JSON file the loaders of ms-swift and TRL keep as JSON, so that text among them is read as JSON.

Source: `datasets` 4.8.4 and 5.2 `packaged_modules/json` and `utils/json.py`. Values of several types in one place
are kept so; and before it looks at types, objects in one place that have different keys are, each as a whole: text
within them stays text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import pyarrow as pa

from validator.catalog.arrow_types import steps_of
from validator.catalog.json_rows import read_rows, too_deep
from validator.catalog.line_survey import LOADER_CHUNK
from validator.catalog.survey import Survey


def with_mixed(survey: Survey, path: Path, *, plain: bool = False) -> Survey:
    """The survey of a file by a loader that keeps values of mixed types; `plain`: as they stand. Raises OSError."""
    others = [refusal for refusal in survey.refusals if not refusal.mixed]
    number = survey.num_refusals - len(survey.refusals) + len(others) if others else 0
    mixed = sorted({refusal.column for refusal in survey.refusals if refusal.mixed and refusal.column is not None})
    types = {**{steps_of(place)[0]: pa.null() for place in mixed}, **survey.types}
    if plain:
        return replace(survey, types=types, refusals=others, num_refusals=number)
    if any(map(_above, mixed)):
        whole = _kept_whole(_first_rows(path, survey))
        mixed = [place for place in mixed if not whole.intersection(_above(place))]
    return replace(survey, types=types, refusals=others, num_refusals=number, mixed=tuple(mixed))


def _first_rows(path: Path, survey: Survey) -> Iterator[Any]:
    """The rows that the loader looks at before it reads any: an array, or the first 10 MiB of lines."""
    rows = read_rows(path, survey.layout)
    if survey.layout != "array":
        rows = takewhile(lambda row: row.offset < LOADER_CHUNK, rows)
    return (row.value for row in rows if not too_deep(row.raw))


def _above(place: str) -> list[str]:
    """`messages[].content` is within `messages` and `messages[]`."""
    steps = steps_of(place)
    return [".".join(steps[:number]).replace(".[]", "[]") for number in range(1, len(steps))]


def _kept_whole(rows: Iterable[Any]) -> set[str]:
    """Places where objects have different keys, or stand among other things."""
    keys: dict[str, frozenset[str] | None] = {}
    whole: set[str] = set()

    def look(value: Any, place: str) -> None:
        if value is None or place in whole:
            return
        here = frozenset(value) if isinstance(value, dict) else None
        if place and (keys.setdefault(place, here) != here or here == frozenset()):
            whole.add(place)
        elif isinstance(value, dict):
            for name, inner in value.items():
                look(inner, f"{place}.{name}" if place else name)
        elif isinstance(value, list):
            for inner in value:
                look(inner, f"{place}[]")

    for row in rows:
        look(row, "")
    return whole
