"""A training file of `trl sft --config` as a registry: `dataset_name`, or each of the `datasets` of a mixture.

Source: TRL 1.16.0 `scripts/sft.py`, `scripts/utils.py` (`get_dataset`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from validator.catalog.entry import NO_COLUMNS, OWN, Entry
from validator.catalog.formats import file_type
from validator.catalog.library_files import HUB_ID, SLICED, WHOLE, apart, local, name_of, packaged, patterns
from validator.findings import clip

TRAINER = "trl"
PART = "datasets"
"""The key of data that are put into one table."""
PART_KEYS = ("path", "name", "data_dir", "data_files", "split", "columns", "fraction")
"""Of one of `datasets`."""


def is_of_trl(content: Any) -> bool:
    """Whether the content of a YAML file is a training file of TRL: it names data as no other trainer's does."""
    if not isinstance(content, dict) or content.keys() & {"dataset", "base_model"}:
        return False
    return "dataset_name" in content or isinstance(content.get("datasets"), list)


def trl_entries(content: Mapping[str, Any], folder: Path) -> dict[str, Entry | str]:
    """The data that a training file names: an entry each, or the reason why TRL cannot load it. `folder` is that of the
    file; paths start where training is started.
    """
    parts = content.get("datasets")
    if not parts:
        split = content.get("dataset_train_split", "train")
        part = {"path": content.get("dataset_name"), "name": content.get("dataset_config")}
        return {name_of(part): _entry(part, folder, str(split), sliced=False)}
    if not isinstance(parts, list):
        return {PART: "`datasets` must be a list of mappings, each with `path`"}
    found: dict[str, Entry | str] = {}
    for part in parts:
        name = apart(name_of(part), found)
        found[name] = _part(part, name, folder)
    return found


def _part(part: Any, name: str, folder: Path) -> Entry | str:
    """One of `datasets`."""
    if not isinstance(part, dict):
        return f"`datasets` holds {clip(repr(part), 60)}; write `- path: ...` (TRL stops with AttributeError)"
    for key in part:
        if key not in PART_KEYS:
            return f"TypeError: DatasetConfig.__init__() got an unexpected keyword argument {clip(repr(key), 60)}"
    if "path" not in part:
        return "TypeError: DatasetConfig.__init__() missing 1 required positional argument: 'path'"
    split = part.get("split", "train")
    if not isinstance(split, str):
        return f"`split` must be a text such as train[:1000], got {clip(repr(split), 60)}"
    return _entry(part, folder, split, sliced=True, named=name)


def _entry(part: Mapping[str, Any], folder: Path, split: str, *, sliced: bool, named: str | None = None) -> Entry | str:
    path = part.get("path")
    if not isinstance(path, str) or not path:
        return f"`dataset_name` must be a text, got {clip(repr(path), 60)}"
    for key in ("name", "data_dir"):
        if not isinstance(part.get(key), str | None):
            return f"`{key}` must be a text, got {clip(repr(part[key]), 60)}"
    keep = part.get("columns")
    if not isinstance(keep, str | list | None):
        return f"`columns` must be a list of names, got {clip(repr(keep), 60)}"
    entry = Entry(
        named or name_of(part),
        "file",
        path,
        formatting=OWN,
        subset=part.get("name"),
        folder=part.get("data_dir"),
        key=PART if sliced else "dataset_name",
        columns=dict(NO_COLUMNS),
        keep=None if keep is None else (keep,) if isinstance(keep, str) else tuple(map(str, keep)),
    )
    files = patterns(part.get("data_files"))
    if any("://" in text for text in (path, entry.folder or "", *files)):
        return replace(entry, unread="data that are named by an address are not read")
    if path in packaged() or os.path.isdir(path):
        return local(entry, part.get("data_files"), folder, split, sliced=sliced)
    if os.path.lexists(path):
        return (
            f"{path} is a file, which TRL looks for on the hub; write `datasets:` with `- path: "
            f"{file_type(path) or 'json'}` and `data_files: {path}` in place of `dataset_name`"
        )
    if not HUB_ID.fullmatch(path):
        return f"FileNotFoundError: Couldn't find any data file at {path}."
    if not (SLICED if sliced else WHOLE).fullmatch(split):
        return f"KeyError: {split!r}"
    if isinstance(part.get("data_files"), dict):
        return replace(entry, unread="data_files of a dataset of the hub, for each split, are not read")
    return replace(entry, source="hub", split=split, files=tuple(files) or None)
