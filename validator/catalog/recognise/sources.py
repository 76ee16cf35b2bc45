"""A file or folder that somebody names as data -> what entries name: files, folders of like files, hub folders."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from validator.catalog.formats import file_type
from validator.catalog.listing import list_files
from validator.catalog.recognise.columns import quoted
from validator.storage.remote import is_remote

_DESCRIBES = frozenset(
    ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "config.json", "mmvalidate.json")
)
"""Files that lie beside data and are none."""
_OF_SHARD = re.compile(r"[-_.]?\d+([-_]of[-_]\d+)?")
MOST_FILES = 4
"""Files of a folder that are looked into."""


@dataclass(frozen=True, slots=True)
class DataSource:
    """What one entry names. `home`: where its registry lies by default; `files`: some that are looked into; `note`: a
    sentence about what was chosen.
    """

    name: str
    place: Path
    home: Path
    files: tuple[Path, ...]
    key: str = "file_name"
    split: str | None = None
    note: str | None = None


def sources_of(data: str) -> list[DataSource]:
    """What entries would name. Raises ValueError, in one sentence for the user."""
    if is_remote(data):
        raise ValueError(f"{data} is not on this machine: init looks at local files.")
    path = Path(data)
    if not os.path.isdir(path):
        return [DataSource(path.stem, path, path.parent, (path,))]
    try:
        members = sorted(os.listdir(path))
        inner = [name for name in members if os.path.isdir(path / name)]
        if "dataset_dict.json" in members:
            return [source for name in inner for source in _folder(path / name, f"{_name(path)}_{name}", path)]
        if "data" in inner and not _data_files(path):
            return _folder(path / "data", _name(path), path)
        return _folder(path, _name(path), None)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}.") from None


def _folder(path: Path, name: str, hub: Path | None) -> list[DataSource]:
    """The sources in a folder; `hub`: the folder above that is loaded by its name, with its splits."""
    files = _data_files(path)
    if not files:
        raise ValueError(f"{path} holds no data file: {quoted(sorted(os.listdir(path))) or 'it is empty'}.")
    groups: dict[str, list[Path]] = {}
    for file in files:
        groups.setdefault(_OF_SHARD.sub("", file.stem), []).append(file)
    home = _above(hub or path)
    if len(files) == 1:
        saved = "state.json" in os.listdir(path)
        plain = hub is None and not saved
        return [DataSource(files[0].stem if plain else name, files[0], path if plain else home, tuple(files))]
    if len(groups) == 1 and list_files(path.parent, path.name or ".").problem is None:
        note = f"its {len(files)} files are taken for parts of one data set, because their names differ by numbers."
        return [DataSource(name, path, home, _some(files), note=note)]
    if hub is not None and len(groups) > 1 and any(len(parts) > 1 for parts in groups.values()):
        split = "train" if "train" in groups else min(groups)
        note = (
            f"`hf_hub_url` names a folder of this machine, and the split is {split} of {quoted(sorted(groups))}; "
            "mmvalidate checks such an entry where --dataset names it."
        )
        return [DataSource(name, hub, home, _some(groups[split]), "hf_hub_url", split, note)]
    return [
        DataSource(_OF_SHARD.sub("", file.stem) if len(groups) == len(files) else file.stem, file, path, (file,))
        for file in files
    ]


def _data_files(path: Path) -> list[Path]:
    names = (name for name in sorted(os.listdir(path)) if name not in _DESCRIBES and not name.startswith("."))
    return [path / name for name in names if file_type(name) is not None and os.path.isfile(path / name)]


def _some(files: list[Path]) -> tuple[Path, ...]:
    """Some of many files, evenly spread."""
    return (
        tuple(files[number * len(files) // MOST_FILES] for number in range(MOST_FILES))
        if len(files) > MOST_FILES
        else tuple(files)
    )


def _above(path: Path) -> Path:
    return path / os.pardir if path.name in ("", os.pardir) else path.parent


def _name(path: Path) -> str:
    return path.name or os.path.basename(os.path.abspath(path))
