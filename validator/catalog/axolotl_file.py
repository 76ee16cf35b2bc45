"""A configuration of axolotl as a registry: each of its `datasets`.

Source: axolotl 0.19.0 `utils/data/shared.py` (`load_dataset_with_config`), `utils/data/sft.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from validator.catalog.entry import NO_COLUMNS, OWN, Entry
from validator.catalog.library_files import HUB_ID, SLICED, apart, local, name_of, packaged, patterns
from validator.catalog.trl_file import PART
from validator.findings import clip
from validator.storage.paths import SAVED, SAVED_DICT

TRAINER = "axolotl"
TEMPLATE = "qwen2_vl"
"""The template that is reproduced."""
_MESSAGES = (None, "", "messages", "conversations")
"""What `field_messages` says where messages lie in the columns that are looked at anyway."""
_KINDS = {".parquet": "parquet", ".arrow": "arrow", ".csv": "csv", ".txt": "text"}
"""Builders by what a path holds anywhere, where nothing is said of it; all else is JSON."""


def is_of_axolotl(content: Any) -> bool:
    """Whether the content of a YAML file is a configuration of axolotl that names data."""
    return (
        isinstance(content, dict)
        and "base_model" in content
        and "dataset" not in content
        and isinstance(content.get(PART), list)
    )


def axolotl_entries(content: Mapping[str, Any], folder: Path) -> dict[str, Entry | str]:
    """The data that a configuration names: an entry each, or the reason why axolotl cannot load it. `folder` is that of
    the file; paths start where training is started.
    """
    found: dict[str, Entry | str] = {}
    otherwise = not_collated(content)
    for part in _parts(content[PART]):
        name = apart(name_of({"path": part.get("path")} if isinstance(part, dict) else part), found)
        entry = _part(part, name, folder)
        if isinstance(entry, Entry) and otherwise and entry.unread is None:
            entry = replace(entry, unread=otherwise)
        found[name] = entry
    return found


def not_collated(content: Mapping[str, Any]) -> str | None:
    """Why the rows of a configuration are not those of the profile; None where they are."""
    if not content.get("processor_type"):
        return "rows without `processor_type` are prepared as text, which is not reproduced"
    if not is_on(content.get("skip_prepare_dataset")):
        return "rows without `skip_prepare_dataset: true` are prepared as text, which is not reproduced"
    if is_on(content.get("sample_packing")):
        return "rows under `sample_packing: true` are not collated as pictures are"
    if (template := content.get("chat_template")) != TEMPLATE:
        said = "no `chat_template`" if template is None else f"`chat_template: {clip(str(template), 60)}`"
        return f"{said} is not reproduced: only {TEMPLATE} is"
    if content.get("image_size"):
        return "`image_size` is not reproduced"
    for part in content[PART]:
        if isinstance(part, dict) and part.get("field_messages") not in _MESSAGES:
            return f"`field_messages: {clip(str(part['field_messages']), 60)}` is not reproduced"
    return None


def is_on(value: Any) -> bool:
    """Whether a switch is on: pydantic takes some texts for one."""
    return value.strip().lower() in ("1", "on", "t", "true", "y", "yes") if isinstance(value, str) else bool(value)


def _parts(parts: list[Any]) -> Iterator[Any]:
    """One for each of several configurations of a dataset."""
    for part in parts:
        names = part.get("name") if isinstance(part, dict) else None
        if isinstance(names, list) and names:
            yield from ({**part, "name": name} for name in names)
        else:
            yield part


def _part(part: Any, name: str, folder: Path) -> Entry | str:
    """One of `datasets`."""
    if not isinstance(part, dict):
        return f"`datasets` holds {clip(repr(part), 60)}; write `- path: ...` (axolotl stops with ValueError)"
    for key in ("path", "split", "name", "ds_type"):
        if not isinstance(part.get(key), str | None):
            return f"`{key}` must be a text, got {clip(repr(part[key]), 60)} (axolotl stops with ValidationError)"
    path, files = part.get("path"), part.get("data_files")
    if not path:
        return "it names no data: `path` is missing (axolotl stops with TypeError)"
    if files is not None and not (isinstance(files, str) or _are_texts(files)):
        return "`data_files` must be a text or a list of texts (axolotl stops with ValidationError)"
    entry = Entry(
        name, "file", path, formatting=OWN, subset=part.get("name") or None, key=PART, columns=dict(NO_COLUMNS)
    )
    if part.get("type") == "_synthetic" or isinstance(part.get("type"), dict):
        return replace(entry, unread="`type` makes other rows than those of the data, which is not reproduced")
    if any("://" in text for text in (path, *patterns(files))):
        return replace(entry, unread="data that are named by an address are not read")
    if os.path.isdir(path):
        return _of_folder(entry, part, folder)
    if os.path.lexists(path):
        return _of_files(entry, part, path, folder)
    return _of_hub(entry, part)


def _are_texts(files: Any) -> bool:
    return isinstance(files, list) and all(isinstance(item, str) for item in files)


def _of_hub(entry: Entry, part: Mapping[str, Any]) -> Entry | str:
    split = part.get("split") or "train"
    if not HUB_ID.fullmatch(entry.location):
        return f"ValueError: The dataset could not be loaded: {clip(entry.location, 100)} is neither here nor a hub id."
    if not SLICED.fullmatch(split):
        return replace(entry, unread=f"the split {clip(split, 60)}, which joins others, is not reproduced")
    return replace(entry, source="hub", split=split, files=tuple(patterns(part.get("data_files"))) or None)


def _of_files(entry: Entry, part: Mapping[str, Any], files: Any, folder: Path) -> Entry | str:
    """Files that a builder reads, which is named or known by the path."""
    kind = part.get("ds_type") or next((kind for end, kind in _KINDS.items() if end in entry.location), "json")
    if kind not in packaged():
        return f"`ds_type: {clip(kind, 60)}` is no builder of `datasets`, which looks for it on the hub; write json"
    made = _split(replace(entry, location=kind), part, files, folder)
    return replace(made, location=entry.location) if isinstance(made, Entry) else made


def _of_folder(entry: Entry, part: Mapping[str, Any], folder: Path) -> Entry | str:
    """A folder: files within it that are named from where training is started, rows saved by `datasets`, or files that
    it finds.
    """
    if part.get("data_files"):
        return _of_files(entry, part, part["data_files"], folder)
    path = entry.location
    if os.path.exists(os.path.join(path, SAVED_DICT)):
        wanted = part.get("split")
        splits = [split for split in (wanted, "train") if split and os.path.exists(os.path.join(path, split, SAVED))]
        if not splits:
            return _no_split(path)
        path = os.path.join(path, splits[0])
    elif not os.path.exists(os.path.join(path, SAVED)):
        return _split(entry, part, None, folder)
    return replace(entry, location=os.path.relpath(path, folder))


def _split(entry: Entry, part: Mapping[str, Any], files: Any, folder: Path) -> Entry | str:
    """The rows of the split that is named, else of that for training."""
    made = local(entry, files, folder, part.get("split") or "train", sliced=True)
    if isinstance(made, str) and not part.get("split") and made.startswith("ValueError: Unknown split"):
        return _no_split(str(part["path"]))
    return made


def _no_split(path: str) -> str:
    return f"ValueError: no train split found for dataset {clip(path, 100)}, you may specify a split with 'split: ...'"
