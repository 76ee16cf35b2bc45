"""Files of this disk that a training file names, as `datasets` itself finds them: by its patterns, its splits, and the
card of a folder. Nothing of the files is read for it.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from validator.catalog.entry import Entry
from validator.catalog.formats import file_type
from validator.findings import clip
from validator.named_file import read_named

READ = {"json": "json", "csv": "csv", "parquet": "parquet", "arrow": "arrow", "text": "text"}
"""Builders of `datasets`, and the types of files that are read here as they do."""
HUB_ID = re.compile(r"(?!\.)[\w.-]{1,96}(/[\w.-]{1,96})?", re.ASCII)
WHOLE = re.compile(r"\w+(\.\w+)*", re.ASCII)
SLICED = re.compile(r"(?P<split>\w+(\.\w+)*)(?P<rest>\[[^\]]*\](\([^)]*\))?)?", re.ASCII)
_CARDS = ("README.md", ".huggingface.yaml")
_MOST_OF_CARD = 16 << 20


def name_of(part: Any) -> str:
    """What one of the data is called here: its last folder or file, without an ending."""
    values = part if isinstance(part, dict) else {"path": part}
    files, path = values.get("data_files"), values.get("path")
    if isinstance(path, str) and path in READ and isinstance(files, str):
        path = files
    name = os.path.basename(str(path).rstrip("/"))
    return clip((os.path.splitext(name)[0] if file_type(name) else name) or "data", 100)


def apart(name: str, known: Iterable[str]) -> str:
    """A name, with a number where data before it have the same."""
    number = sum(name == other or other.startswith(f"{name} (") for other in known)
    return f"{name} ({number + 1})" if number else name


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
    match = (SLICED if sliced else WHOLE).fullmatch(split)
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
