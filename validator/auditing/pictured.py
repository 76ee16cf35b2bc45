"""Whether the data of a training file hold images, also where their rows were not read."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
from pyarrow import types as t

from validator.catalog.registry import load_registry
from validator.engine.entries import open_entries
from validator.engine.joined import columns_of
from validator.engine.run_files.finished import FinishedRun
from validator.storage.remote import locate

_COLUMNS = {"image", "images"}
_OF_PART = {"image", "image_url", "url", "path", "base64"}
"""Keys of a part of a message that name an image."""


def has_column(run: FinishedRun) -> bool | None:
    """Whether the data have a column of images; None where the rows of some were not read."""
    columns = [columns_of(entry) for entry in run.catalog().entries]
    if any(not _COLUMNS.isdisjoint(names) for names in columns):
        return True
    return False if all(columns) else None


def has_pictures(run: FinishedRun) -> bool | None:
    """Whether the data have a column of images, or messages that name some; None where none can be looked at."""
    registry = load_registry(locate(run.settings.dataset_info), run.settings.datasets)
    entries = tuple(replace(entry, unread=None) for entry in registry.entries if entry.source == "file")
    if any(not entry.files and entry.unread for entry in registry.entries):
        entries = tuple(entry for entry in entries if entry.files)
    opened = open_entries(replace(registry, entries=entries, faults=()), run.settings)
    kinds = [file.survey.types for facts in opened for file in facts.files if file.survey is not None]
    if not kinds:
        return None
    return any(name in _COLUMNS or _names_images(kind) for types in kinds for name, kind in types.items())


def _names_images(kind: pa.DataType) -> bool:
    """Whether lists of messages hold parts with such a key."""
    if t.is_list(kind) or t.is_large_list(kind):
        return _names_images(kind.value_type)
    if not t.is_struct(kind):
        return False
    fields = [kind.field(place) for place in range(kind.num_fields)]
    return any(field.name in _OF_PART or _names_images(field.type) for field in fields)
