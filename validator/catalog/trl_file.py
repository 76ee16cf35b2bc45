"""A training file of `trl sft --config` as a registry: `dataset_name`, or each of the `datasets` of a mixture.

Files on this disk are found by `datasets` itself, as TRL has it do: by its patterns, splits and the card of a folder.
Nothing of them is read for it. Source: TRL 1.16.0 `scripts/sft.py`, `scripts/utils.py` (`get_dataset`).
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from validator.catalog.entry import NO_COLUMNS, OWN, Entry
from validator.catalog.formats import file_type
from validator.findings import clip
from validator.json_text import decode
from validator.named_file import read_named

TRAINER = "trl"
MOST_BYTES = 256 << 10
"""Of a training file."""
PART = "datasets"
"""The key of data that are put into one table."""
PART_KEYS = ("path", "name", "data_dir", "data_files", "split", "columns", "fraction")
"""Of one of `datasets`."""
READ = {"json": "json", "csv": "csv", "parquet": "parquet", "arrow": "arrow", "text": "text"}
"""Builders of `datasets`, and the types of files that are read here as they do."""
HUB_ID = re.compile(r"(?!\.)[\w.-]{1,96}(/[\w.-]{1,96})?", re.ASCII)
_WHOLE = re.compile(r"\w+(\.\w+)*", re.ASCII)
SLICED = re.compile(r"(?P<split>\w+(\.\w+)*)(?P<rest>\[[^\]]*\](\([^)]*\))?)?", re.ASCII)
_CARDS = ("README.md", ".huggingface.yaml")
_MOST_OF_CARD = 16 << 20


def is_of_trl(content: Any) -> bool:
    """Whether the content of a YAML file is a training file of TRL: it names data as no other trainer's does."""
    if not isinstance(content, dict) or content.keys() & {"dataset", "base_model"}:
        return False
    return "dataset_name" in content or isinstance(content.get("datasets"), list)


def plain_yaml(path: Path) -> Any:
    """The content of a YAML file as PyYAML reads it; None where it cannot be read."""
    from validator.yaml_text import parse_yaml  # loading it takes a tenth of a check of a few rows

    try:
        return parse_yaml(decode(read_named(path, MOST_BYTES)), plain=True)
    except (OSError, ValueError):
        return None


def trl_entries(content: Mapping[str, Any], folder: Path) -> dict[str, Entry | str]:
    """The data that a training file names: an entry each, or the reason why TRL cannot load it. `folder` is that of the
    file; paths start where training is started.
    """
    parts = content.get("datasets")
    if not parts:
        split = content.get("dataset_train_split", "train")
        part = {"path": content.get("dataset_name"), "name": content.get("dataset_config")}
        return {_name(part): _entry(part, folder, str(split), sliced=False)}
    if not isinstance(parts, list):
        return {PART: "`datasets` must be a list of mappings, each with `path`"}
    found: dict[str, Entry | str] = {}
    for part in parts:
        name = _name(part)
        number = sum(name == other or other.startswith(f"{name} (") for other in found)
        name = f"{name} ({number + 1})" if number else name
        found[name] = _part(part, name, folder)
    return found


def _name(part: Any) -> str:
    """What one of the data is called here: its last folder or file, without an ending."""
    values = part if isinstance(part, dict) else {"path": part}
    files, path = values.get("data_files"), values.get("path")
    if isinstance(path, str) and path in READ and isinstance(files, str):
        path = files
    name = os.path.basename(str(path).rstrip("/"))
    return clip((os.path.splitext(name)[0] if file_type(name) else name) or "data", 100)


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
        named or _name(part),
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
    if not (SLICED if sliced else _WHOLE).fullmatch(split):
        return f"KeyError: {split!r}"
    if isinstance(part.get("data_files"), dict):
        return replace(entry, unread="data_files of a dataset of the hub, for each split, are not read")
    return replace(entry, source="hub", split=split, files=tuple(files) or None)


def patterns(files: Any) -> list[str]:
    """All texts in `data_files`."""
    if isinstance(files, str):
        return [files]
    inner = files.values() if isinstance(files, dict) else files if isinstance(files, list) else ()
    return [text for item in inner for text in patterns(item)]


def packaged() -> Mapping[str, Any]:
    """The builders of `datasets` by their names."""
    from datasets.packaged_modules import _PACKAGED_DATASETS_MODULES

    return _PACKAGED_DATASETS_MODULES  # type: ignore[no-any-return]


def local(entry: Entry, data_files: Any, folder: Path, split: str, *, sliced: bool) -> Entry | str:
    """The files of this disk that `datasets` finds for a split of what `location` names: a builder or a folder."""
    if entry.location in packaged() and entry.location not in READ:
        return replace(entry, unread=f"data of the builder {entry.location} are not read")
    if _takes_from_elsewhere(entry.location):
        return replace(entry, unread="its card names files by an address, which are not fetched")
    try:
        kind, found, odd = _found(entry, data_files)
    except Exception as error:  # whatever the library finds wrong with what is named is what TRL stops at
        return f"{type(error).__name__}: {clip(' '.join(str(error).split()), 200)}"
    match = (SLICED if sliced else _WHOLE).fullmatch(split)
    if match is None and sliced:
        return replace(entry, unread=f"the split {clip(split, 60)}, which joins others, is not reproduced")
    named = split if match is None or not sliced else match["split"]
    if match is None or named not in found:
        known = f"Should be one of {sorted(found)}."
        return f'ValueError: Unknown split "{named}". {known}' if sliced else f"KeyError: {split!r}. {known}"
    if not found[named]:
        wanted = ", ".join(patterns(data_files)) or entry.location
        return f"StopIteration: no file is there by the name of {clip(wanted, 100)}"
    files = [os.path.relpath(name, folder) for name in found[named]]
    other = next((file for file in files if kind not in READ or file_type(file) != READ[kind]), None)
    if odd or other is not None:
        said = odd or f"`datasets` takes {clip(other or '', 100) if kind in READ else 'it'} for {kind}"
        return replace(entry, unread=f"{said}, which is not reproduced")
    rest = (match["rest"] or "") if sliced else ""
    return replace(entry, split=f"train{rest}", files=tuple(files))


def _found(entry: Entry, data_files: Any) -> tuple[str, dict[str, list[str]], str]:
    """The builder that the library takes, the files of each split, and what of its configuration is not reproduced."""
    import datasets

    with tempfile.TemporaryDirectory() as place:
        builder = datasets.load_dataset_builder(
            entry.location, entry.subset, data_dir=entry.folder, data_files=data_files, cache_dir=place
        )
    config = builder.config
    plain = type(config)(name=config.name, data_dir=config.data_dir, data_files=config.data_files)
    given = {name for name, value in vars(config).items() if value != getattr(plain, name, None)}
    kind = type(builder).__module__.rpartition(".")[2]
    odd = sorted(given - {"version", "description", "features", "name", "data_dir", "data_files"})
    if builder.info.features is not None and kind != "parquet":
        odd.append("features")
    found = {str(name): [str(file) for file in files] for name, files in (config.data_files or {}).items()}
    return kind, found, f"its card says {', '.join(odd)}" if odd else ""


def _takes_from_elsewhere(path: str) -> bool:
    """Whether the card of a folder names files by an address, or cannot be looked at."""
    for name in _CARDS:
        try:
            text = read_named(Path(path) / name, _MOST_OF_CARD).decode(errors="replace")
        except FileNotFoundError:
            continue
        except OSError:
            return True
        within = False
        for line in text.splitlines():
            within = line.startswith("configs") if line[:1].isalpha() else within
            if within and "://" in line:
                return True
    return False
