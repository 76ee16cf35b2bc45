"""What a run knows of its data before the first row: the entries, opened, and what identifies them. It is kept with the
run, as `catalog.json`, so that the run can be judged again without its data.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import NotRequired, TypedDict

from validator.catalog.entry import Entry
from validator.catalog.split import Order
from validator.catalog.survey_record import from_plain, to_plain
from validator.rules.base import EntryFacts, FileFacts, Packed
from validator.run_folder.damage import read_json, unusable
from validator.run_folder.summary import Count
from validator.settings import Settings

CATALOG = "catalog.json"
_MOST = 1 << 30
"""Bytes that are read: a hundred thousand files with columns of their own."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The opened entries of a registry in the order of names, those left out as (name, source), keys that are no
    entries, and `inputs`, hashes of everything that was read.
    """

    entries: tuple[EntryFacts, ...]
    not_selected: tuple[tuple[str, str], ...]
    ignored_keys: tuple[str, ...]
    inputs: dict[str, Any]


def to_json(catalog: Catalog) -> dict[str, Any]:
    """The catalog as what orjson makes JSON of: plain data, and records."""
    return {
        "entries": [_entry(entry) for entry in catalog.entries],
        "not_selected": catalog.not_selected,
        "ignored_keys": catalog.ignored_keys,
        "inputs": catalog.inputs,
    }


def load_catalog(run: Path, settings: Settings) -> Catalog:
    """The catalog of a finished run, under some settings. Raises UnusableRunError where there is none."""
    path = run / CATALOG
    plain: Any = read_json(path, _MOST)
    try:
        _shape().validate_python(plain, strict=True)
        entries = tuple(_facts(entry, settings) for entry in plain["entries"])
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise unusable(path, f"is not what this version of mmvalidate writes ({place}: {first['msg']})") from None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise unusable(path, f"is not what this version of mmvalidate writes ({error})") from None
    left_out = tuple((name, source) for name, source in plain["not_selected"])
    return Catalog(entries, left_out, tuple(plain["ignored_keys"]), plain["inputs"])


class _Survey(TypedDict):
    layout: str
    num_rows: Count
    types: str
    fixed: list[str | list[str] | bool] | None
    own: str | None
    refusals: list[list[int | str | bool | None]]
    num_refusals: Count
    marks: list[Any]
    digest: str


class _Packed(TypedDict):
    file: str
    packing: str
    digest: str


class _File(TypedDict):
    name: str
    problem: str | None
    detail: str
    survey: _Survey | None
    packed: NotRequired[_Packed]


class _NamedData(TypedDict):
    """What a registry says otherwise (`subset`, `tags` ...) may be of any type there."""

    name: str
    location: str
    formatting: str
    columns: dict[str, Any]
    tags: dict[str, Any]
    mistyped: list[Annotated[list[str], Field(min_length=2, max_length=2)]]


class _PlainEntry(TypedDict):
    name: str
    entry: _NamedData | None
    fault: str | None
    files: list[_File]
    unchecked: str | None
    repeated: bool
    starts: dict[str, Count]
    ranges: list[Annotated[list[Count], Field(min_length=2, max_length=2)]] | None


class _Inputs(TypedDict):
    dataset_info_sha256: str
    files_xxh3_128: dict[str, str | None]


class _PlainCatalog(TypedDict):
    entries: list[_PlainEntry]
    not_selected: list[Annotated[list[str], Field(min_length=2, max_length=2)]]
    ignored_keys: list[str]
    inputs: _Inputs


@cache
def _shape() -> TypeAdapter[Any]:
    """Made when a run is read: a check reads none."""
    return TypeAdapter(_PlainCatalog)


def _entry(facts: EntryFacts) -> dict[str, Any]:
    ranges = facts.order.ranges
    return {
        "name": facts.name,
        "entry": facts.entry,
        "fault": facts.fault,
        "files": [_file(file) for file in facts.files],
        "unchecked": facts.unchecked,
        "repeated": facts.repeated,
        "starts": facts.order.starts,
        "ranges": None if ranges is None else [[part.start, part.stop] for part in ranges],
    }


def _file(file: FileFacts) -> dict[str, Any]:
    plain = {
        "name": file.name,
        "problem": file.problem,
        "detail": file.detail,
        "survey": file.survey and {**to_plain(file.survey), "marks": []},
    }
    if file.packed is None:
        return plain
    return {**plain, "packed": {name: value for name, value in asdict(file.packed).items() if name != "place"}}


def _facts(plain: dict[str, Any], settings: Settings) -> EntryFacts:
    files = [
        {
            **file,
            "survey": file["survey"] and from_plain(file["survey"]),
            "packed": Packed(**file["packed"]) if "packed" in file else None,
        }
        for file in plain["files"]
    ]
    ranges = plain["ranges"]
    entry = plain["entry"]
    if entry is not None:
        entry = Entry(**{**entry, "mistyped": tuple(map(tuple, entry["mistyped"]))})
    return EntryFacts(
        plain["name"],
        settings,
        entry,
        plain["fault"],
        tuple(FileFacts(**file) for file in files),
        plain["unchecked"],
        plain["repeated"],
        Order(plain["starts"], None if ranges is None else tuple(range(*part) for part in ranges)),
    )
