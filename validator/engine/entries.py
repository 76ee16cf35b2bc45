"""Opens the selected entries: finds their files and surveys them as the trainer's loader would."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from validator.catalog.entry import Entry
from validator.catalog.registry import Registry
from validator.catalog.survey import survey
from validator.rules.base import EntryFacts, FileFacts
from validator.settings import Settings

_READ = ("json", "jsonl")
_NOT_READ_YET = ("arrow", "csv", "parquet", "txt")


def open_entries(
    registry: Registry, settings: Settings, surveying: Callable[[str], None] = lambda name: None
) -> list[EntryFacts]:
    """Facts of every selected entry, in the order of names; `surveying` is told each file before it is read."""
    facts = [EntryFacts(fault.name, settings, fault=fault.reason) for fault in registry.faults]
    for entry in registry.entries:
        unchecked = _unchecked(entry)
        files: tuple[FileFacts, ...] = ()
        if entry.source == "file":
            path = registry.folder / entry.location
            if os.path.isdir(path):
                unchecked = "folders of data files are not read yet"
            elif os.path.isfile(path) and path.suffix[1:] in _NOT_READ_YET:
                unchecked = f"{path.suffix[1:]} files are not read yet"
            else:
                surveying(entry.location)
                files = (_open_file(path, entry.location),)
                if files[0].survey is None:
                    unchecked = None  # a finding, whatever the entry's kind
        repeated = entry.name in registry.duplicate_names
        facts.append(EntryFacts(entry.name, settings, entry, None, files, unchecked, repeated))
    return sorted(facts, key=lambda item: item.name)


def _unchecked(entry: Entry) -> str | None:
    if entry.source != "file":
        return f"{entry.source} entries are not read yet"
    if entry.split != "train":
        return f"the split {entry.split!r} is not read yet"
    return None


def _open_file(path: Path, name: str) -> FileFacts:
    if not os.path.isfile(path):
        return FileFacts(name, "missing")
    if path.suffix[1:] not in _READ:
        return FileFacts(name, "type")
    try:
        return FileFacts(name, survey=survey(path))
    except OSError as error:
        return FileFacts(name, "unreadable", error.strerror or str(error))
