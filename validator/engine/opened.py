"""What a run knows of its data before the first row: the entries, opened, and what identifies them. It is kept with the
run, as `catalog.json`, so that the run can be judged again without its data.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from validator.catalog.entry import Entry
from validator.catalog.split import Order
from validator.catalog.survey_record import from_plain, to_plain
from validator.rules.base import EntryFacts, FileFacts
from validator.settings import Settings


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
    """The catalog as plain data."""
    return {
        "entries": [_entry(entry) for entry in catalog.entries],
        "not_selected": catalog.not_selected,
        "ignored_keys": catalog.ignored_keys,
        "inputs": catalog.inputs,
    }


def from_json(plain: dict[str, Any], settings: Settings) -> Catalog:
    """The catalog again, under some settings. Raises KeyError, TypeError or ValueError where the data is none."""
    return Catalog(
        tuple(_facts(entry, settings) for entry in plain["entries"]),
        tuple((name, source) for name, source in plain["not_selected"]),
        tuple(plain["ignored_keys"]),
        plain["inputs"],
    )


def _entry(facts: EntryFacts) -> dict[str, Any]:
    ranges = facts.order.ranges
    return {
        "name": facts.name,
        "entry": facts.entry and asdict(facts.entry),
        "fault": facts.fault,
        "files": [
            {
                "name": file.name,
                "problem": file.problem,
                "detail": file.detail,
                "survey": file.survey and {**to_plain(file.survey), "marks": []},
            }
            for file in facts.files
        ],
        "unchecked": facts.unchecked,
        "repeated": facts.repeated,
        "starts": facts.order.starts,
        "ranges": None if ranges is None else [[part.start, part.stop] for part in ranges],
    }


def _facts(plain: dict[str, Any], settings: Settings) -> EntryFacts:
    files = [{**file, "survey": file["survey"] and from_plain(file["survey"])} for file in plain["files"]]
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
