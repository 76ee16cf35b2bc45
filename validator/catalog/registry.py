"""dataset_info.json itself: opened, recognised, and split into entries and faults."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from validator.catalog.entry import NO_COLUMNS, OWN, Entry, parse_entry
from validator.catalog.foreign import SWIFT_REGISTRY, list_sentence, object_sentence, text_sentence, yaml_sentence
from validator.catalog.formats import file_type
from validator.catalog.training_files import TrainingFile, read_training_file
from validator.catalog.yaml_registry import is_registry, is_yaml, parse_yaml_entry, parsed
from validator.findings import clip
from validator.json_text import parse_json
from validator.named_file import read_named
from validator.nearest import did_you_mean
from validator.storage.paths import SAVED, SAVED_DICT, look
from validator.storage.reading import open_text
from validator.storage.remote import is_remote, storage


@dataclass(frozen=True, slots=True)
class EntryFault:
    """An entry that the trainer could not use."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Registry:
    """What one dataset_info.json holds: selected entries, those left out, and the faults among the selected.

    `is_data`: the file or folder, or the dataset of the hub, is no registry but data, and is the one entry itself, in
    the trainer's own layout. `written_for`: it is a training file of that trainer, whose entries are put into
    one table.
    """

    path: Path
    entries: tuple[Entry, ...]
    not_selected: tuple[Entry, ...] = ()
    faults: tuple[EntryFault, ...] = ()
    ignored: tuple[str, ...] = ()
    is_data: bool = False
    duplicate_names: tuple[str, ...] = field(default=())
    written_for: str = ""

    @property
    def joins(self) -> bool:
        """Whether its entries are put into one table."""
        return bool(self.written_for)

    @property
    def content(self) -> bytes:
        """What the registry says; of a data file, what a registry would say of it."""
        return json.dumps(as_registry(self.path)).encode() if self.is_data else _content(self.path)

    @property
    def folder(self) -> Path:
        """The trainer's `dataset_dir`: file names and media paths are relative to it."""
        return self.path.parent


def load_registry(path: Path, datasets: tuple[str, ...] = ()) -> Registry:
    """Open a registry and choose entries: those named in `datasets`, otherwise all that read local files.

    Raises ValueError, in one sentence for the user, when the file is no LLaMA-Factory registry, a name is unknown, or
    the library of its storage is not installed.
    """
    if is_remote(str(path)):
        storage(str(path))  # raises where its library is not installed
    of_hub = is_hub_name(path)
    if of_hub or is_data(path):
        name = path.name if of_hub else _data_name(path)
        if unknown := [other for other in datasets if other != name]:
            raise ValueError(_unknown_dataset(unknown[0], path, [name]))
        entry = Entry(name, "file", path.name, formatting=OWN, columns=dict(NO_COLUMNS))
        if of_hub:
            entry = replace(entry, source="hub", location=path.as_posix(), key="hf_hub_url")
        return Registry(path, (entry,), is_data=True)
    in_yaml = is_yaml(path)
    if in_yaml and (found := read_training_file(path)) is not None:
        return _of_training_file(path, found, datasets)
    content, duplicates = _read_yaml(path) if in_yaml else _read(path)
    if unknown := [name for name in datasets if name not in content]:
        raise ValueError(_unknown_dataset(unknown[0], path, list(content)))

    entries: list[Entry] = []
    not_selected: list[Entry] = []
    faults: list[EntryFault] = []
    ignored: list[str] = []
    for name, raw in content.items():
        if datasets and name not in datasets:
            continue
        if not datasets and not isinstance(raw, dict):
            ignored.append(name)  # "_comment": "...": the trainer only trips over it when it is named
            continue
        try:
            entry = parse_yaml_entry(name, raw, path.parent) if in_yaml else parse_entry(name, raw)
        except ValueError as error:
            faults.append(EntryFault(name, str(error)))
            continue
        (entries if datasets or entry.source == "file" else not_selected).append(entry)
    entries.sort(key=lambda entry: entry.name)
    return Registry(
        path,
        tuple(entries),
        tuple(not_selected),
        tuple(faults),
        tuple(ignored),
        duplicate_names=tuple(duplicates),
    )


def _of_training_file(path: Path, content: TrainingFile, datasets: tuple[str, ...]) -> Registry:
    """The data of a training file, all of which it names."""
    parsed = content.entries(path.parent)
    if unknown := [name for name in datasets if name not in parsed]:
        raise ValueError(_unknown_dataset(unknown[0], path, list(parsed)))
    chosen = {name: parsed[name] for name in sorted(parsed) if not datasets or name in datasets}
    entries = tuple(item for item in chosen.values() if isinstance(item, Entry))
    faults = tuple(EntryFault(name, item) for name, item in chosen.items() if isinstance(item, str))
    return Registry(path, entries, faults=faults, written_for=content.trainer)


def is_data(path: Path) -> bool:
    """Whether a path names rows rather than a registry: a file by its extension, and JSON that is a list of rows; a
    folder of such files, and one that `save_to_disk` of `datasets` has written.
    """
    if not is_remote(str(path)) and os.path.isdir(path):
        return _is_data_folder(path)
    return _is_data_file(path)


def _is_data_folder(path: Path) -> bool:
    if os.path.exists(path / SAVED_DICT):
        splits = sorted(name for name in os.listdir(path) if os.path.exists(path / name / SAVED))
        named = f": name one of them, as {path / splits[0]}" if splits else ""
        raise ValueError(f"{path} was written by `DatasetDict.save_to_disk` and holds several splits{named}.")
    if os.path.exists(path / SAVED):
        return True
    if os.path.exists(path / "dataset_info.json"):
        return False
    try:
        kinds = {file_type(name) for name in os.listdir(path)}
    except OSError:  # it cannot be listed, which is told where it is opened
        return False
    return len(kinds) == 1 and None not in kinds


def _is_data_file(path: Path) -> bool:
    if path.suffix != ".json":
        return file_type(path.name) is not None and _is_file(path)
    if is_remote(str(path)) or not _is_file(path):
        return False
    with open_text(path, errors="replace") as file:
        head = file.read(_HEAD).lstrip("\ufeff \t\r\n")
    if not head.startswith("["):
        return False
    try:
        first = json.JSONDecoder().raw_decode(head[1:].lstrip())[0]
    except RecursionError:
        return False  # no row is nested so deep
    except ValueError:
        return len(head) > _HEAD // 2  # a first row that does not end soon
    return isinstance(first, dict) and not first.keys() & SWIFT_REGISTRY


def _is_file(path: Path) -> bool:
    return path.is_file() if is_remote(str(path)) else os.path.isfile(path)


def as_registry(path: Path) -> dict[str, Any]:
    """The registry that data alone stand for, or the name of a dataset of the hub."""
    if is_hub_name(path):
        return {path.name: {"hf_hub_url": path.as_posix(), "formatting": OWN}}
    return {_data_name(path): {"file_name": path.name, "formatting": OWN}}


def _data_name(path: Path) -> str:
    """A folder has no ending, whatever stands behind a dot in its name."""
    return path.name if not is_remote(str(path)) and os.path.isdir(path) else path.stem


def is_hub_name(path: Path) -> bool:
    """Whether a path names nothing here and may be that of a dataset on the hub, ORGANISATION/NAME: it is without the
    ending of a data file, and there is no folder ORGANISATION in which something else may have been meant.
    """
    if not _HUB_ID.fullmatch(path.as_posix()) or _ENDING.search(path.name) or os.path.lexists(path):
        return False
    return file_type(path.name) is None and not path.parent.is_dir()


def hub_sentence(path: Path, formattings: Sequence[str]) -> str:
    """What to do where a trainer, which reads entries of these `formattings`, takes no dataset of the hub by its name
    alone.
    """
    formatting = "sharegpt" if "sharegpt" in formattings else formattings[0]
    entry = json.dumps({path.name: {"hf_hub_url": path.as_posix(), "formatting": formatting}})
    return (
        f"{path} does not exist. A dataset of the hub is read by an entry of a dataset_info.json, as {entry}, and "
        f"--dataset {path.name}; or download it (hf download {path.as_posix()} --repo-type dataset --local-dir FOLDER) "
        "and name the folder that holds its files."
    )


_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96}", re.ASCII)
_ENDING = re.compile(r"\.(json|ya?ml|toml|txt|py|md)$|\.\w+\.(gz|bz2|xz|zst|zip)$", re.IGNORECASE)
"""Of files, as no name of a dataset ends."""
_HEAD = 1 << 20
MOST_BYTES = 16 << 20
"""Of a registry; LLaMA-Factory's own has 20 kB."""


def _read(path: Path) -> tuple[dict[str, Any], list[str]]:
    remote = is_remote(str(path))
    try:
        if remote and look(str(path)).kind == "absent":
            raise ValueError(f"{path} does not exist.")
    except OSError as error:
        raise ValueError(f"{error}.") from None
    if path.is_dir() if remote else os.path.isdir(path):  # pathlib's raises where a name is too long
        inside = path / "dataset_info.json"
        none = f"it holds no dataset_info.json (`mmvalidate init {path}` writes one)"
        hint = f"pass {inside}" if inside.is_file() else none
        raise ValueError(f"{path} is a folder: {hint}.")
    duplicates: list[str] = []

    def keep_last(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in pairs:
            if key in result:
                duplicates.append(key)
            result[key] = value
        return result

    data = b""
    try:
        data = _content(path)
        content = parse_json(data, keep_last)
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist.") from None
    except OSError as error:
        raise ValueError(f"Cannot open {path}: {error.strerror or error}.") from None
    except ValueError as error:
        raise ValueError(text_sentence(path, data) or f"Cannot open {path}: {clip(str(error), 300)}.") from None

    if isinstance(content, list):
        raise ValueError(list_sentence(path, content))
    if not isinstance(content, dict):
        raise ValueError(f"{path} is not a dataset registry: expected an object with one entry per dataset.")
    if not content:
        raise ValueError(f"{path} is empty: it names no dataset.")
    if other := object_sentence(path, content):
        raise ValueError(other)
    if not any(isinstance(value, dict) for value in content.values()):
        raise ValueError(f"{path} is no LLaMA-Factory registry: none of its values is an object describing a dataset.")
    return content, duplicates


def _read_yaml(path: Path) -> tuple[dict[str, Any], list[str]]:
    data = b""
    try:
        data = _content(path)
        content = parsed(data)
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist.") from None
    except OSError as error:
        raise ValueError(f"Cannot open {path}: {error.strerror or error}.") from None
    except ValueError as error:
        raise ValueError(f"Cannot open {path}: {clip(str(error), 300)}.") from None
    if not is_registry(content):
        raise ValueError(
            yaml_sentence(path, data.decode(errors="replace"))
            or f"{path} is YAML, and no registry of LLaMA-Factory v1: each of its keys must be a text and hold an "
            "entry, one of which has `path`, and beside it only `source`, `converter`, `split`, `size`, "
            "`weight` and `streaming`."
        )
    return content, []


def _content(path: Path) -> bytes:
    """The bytes of a registry, here or in storage. Raises OSError."""
    return path.read_bytes() if is_remote(str(path)) else read_named(path, MOST_BYTES)


def _unknown_dataset(name: str, path: Path, known: list[str]) -> str:
    return f"Undefined dataset {name} in {path.name}.{did_you_mean(name, known)}"
