"""One entry of dataset_info.json, with the trainer's defaults.

Source: LLaMA-Factory 0.9.5 `data/parser.py`. A `columns` or `tags` block that is present but incomplete switches
every name it does not list to None, it does not fall back to the default: that is the trainer's behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from validator.carried import carried

Source = Literal["file", "hub", "script", "cloud"]

COLUMN_DEFAULTS: dict[str, str | None] = {
    "prompt": "instruction",
    "query": "input",
    "response": "output",
    "history": None,
    "messages": "conversations",
    "system": None,
    "tools": None,
    "images": None,
    "videos": None,
    "audios": None,
    "chosen": None,
    "rejected": None,
    "kto_tag": None,
}
NO_COLUMNS: dict[str, str | None] = dict.fromkeys(COLUMN_DEFAULTS)
"""Of rows whose columns the trainer knows by their names."""
TAG_DEFAULTS: dict[str, str | None] = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "observation_tag": "observation",
    "function_tag": "function_call",
    "system_tag": "system",
}
HUB_KEYS = ("hf_hub_url", "ms_hub_url", "om_hub_url")
SOURCE_KEYS = (*HUB_KEYS, "script_url", "cloud_file_name", "file_name")
KNOWN_KEYS = frozenset(
    (*SOURCE_KEYS, "formatting", "ranking", "subset", "split", "folder", "num_samples", "columns", "tags")
)
_FOR_FILE_NAME = ("file", "filename", "fileName", "file_path", "path", "data_path", "data", "file_names", "filenames")
"""Keys under which people have written the name of the file."""
CONVERTED = "_coordinates"
OWN = "own"
"""The formatting of data that is given without a registry: whatever layouts the trainer itself knows."""
FORMATTINGS = ("alpaca", "sharegpt", "openai", "ms-swift", OWN)
"""LLaMA-Factory's, that of rows as ms-swift reads them, and that of rows as any trainer itself does."""


@carried
@dataclass(frozen=True, slots=True)
class Entry:
    """One key of dataset_info.json as the trainer understands it.

    `key` is the one that names the data. `columns` and `tags` hold every known name, None where the trainer would see
    None. `mistyped` holds names that the trainer ignores in silence, as (block, name). `coordinates` is our own note
    (`_coordinates`, which trainers ignore) of an export that has converted boxes: `system`, and the settings that this
    depends on. `weight`: of entries in YAML, how many times as many rows are drawn as there are. `media_dir`: an
    entry's own, which few trainers read. `files`: where the data are several files that are named, from the registry's
    folder (of the hub: patterns). `keep`: the columns that are selected, None for all. `joined`: columns of null that
    the rows have because those of another entry, which are put into one table with them, have them. `unread`: why it is
    not read.
    """

    name: str
    source: Source
    location: str
    key: str = "file_name"
    formatting: str = "alpaca"
    ranking: bool = False
    split: str = "train"
    subset: str | None = None
    folder: str | None = None
    num_samples: int | None = None
    columns: dict[str, str | None] = field(default_factory=lambda: dict(COLUMN_DEFAULTS))
    tags: dict[str, str | None] = field(default_factory=lambda: dict(TAG_DEFAULTS))
    tags_given: bool = False
    mistyped: tuple[tuple[str, str], ...] = ()
    coordinates: dict[str, Any] = field(default_factory=dict)
    weight: float | None = None
    columns_given: bool = False
    media_dir: str | None = None
    files: tuple[str, ...] | None = None
    keep: tuple[str, ...] | None = None
    joined: tuple[str, ...] = ()
    unread: str | None = None


def parse_entry(name: str, raw: Any) -> Entry:
    """Read one entry with the trainer's defaults and precedence (hub, script, cloud, file).

    Raises ValueError with the trainer's own reason where the trainer could not use the entry.
    """
    if not isinstance(raw, dict):
        raise ValueError(f"an entry must be an object, this one is {_kind(raw)}")
    own = raw.get("formatting") in ("ms-swift", OWN)
    columns = _block(raw, "columns", NO_COLUMNS if own else COLUMN_DEFAULTS)
    tags = _block(raw, "tags", TAG_DEFAULTS)
    key, source, location = _source(raw)
    formatting = raw.get("formatting", "alpaca")
    if formatting not in FORMATTINGS:
        hint = f" Write {str(formatting).lower()!r}." if str(formatting).lower() in FORMATTINGS else ""
        raise ValueError(f"Dataset converter {formatting} not found.{hint}")
    split = raw.get("split", "train")
    if not isinstance(split, str):
        raise ValueError(f"`split` must be a string, got {split!r}")
    num_samples = raw.get("num_samples")
    if num_samples is not None and (
        isinstance(num_samples, bool) or not isinstance(num_samples, int) or num_samples < 1
    ):
        raise ValueError(f"`num_samples` must be a whole number above 0, got {num_samples!r}")
    return Entry(
        name=name,
        source=source,
        location=location,
        key=key,
        formatting=formatting,
        ranking=bool(raw.get("ranking", False)),
        split=split,
        subset=raw.get("subset"),
        folder=raw.get("folder"),
        num_samples=num_samples,
        columns=columns,
        tags=tags,
        tags_given="tags" in raw,
        columns_given="columns" in raw,
        media_dir=folder if isinstance(folder := raw.get("media_dir"), str) and folder else None,
        mistyped=_mistyped(raw),
        coordinates=note if isinstance(note := raw.get(CONVERTED), dict) else {},
    )


def _block(raw: dict[str, Any], block: str, defaults: dict[str, str | None]) -> dict[str, str | None]:
    if block not in raw:
        return dict(defaults)
    given = raw[block]
    if not isinstance(given, dict):
        raise ValueError(f"`{block}` must be an object, this one is {_kind(given)}")
    values = {key: given.get(key) for key in defaults}
    for key, value in values.items():
        if isinstance(value, list | dict) or (block == "columns" and value and not isinstance(value, str)):
            raise ValueError(f"`{block}.{key}` must be a string, got {value!r}")
    if block == "columns":  # the trainer takes any empty value for none, but looks for messages under it
        return {key: value or None for key, value in values.items()}
    return values


def _source(raw: dict[str, Any]) -> tuple[str, Source, str]:
    candidates: list[tuple[str, Source]] = [(key, "hub") for key in HUB_KEYS]
    candidates += [("script_url", "script"), ("cloud_file_name", "cloud"), ("file_name", "file")]
    for key, source in candidates:
        if key in raw:
            location = raw[key]
            if not isinstance(location, str) or not location:
                raise ValueError(f"`{key}` must be a non-empty string, got {location!r}")
            return key, source, location
    meant = next((key for key in _FOR_FILE_NAME if isinstance(raw.get(key), str)), None)
    hint = f"; write `file_name` in place of `{meant}`" if meant else ""
    raise ValueError(f"it names no data: `file_name` is missing (the trainer stops with KeyError: 'file_name'){hint}")


def _mistyped(raw: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    known = (
        ("", KNOWN_KEYS, raw),
        ("columns", COLUMN_DEFAULTS, raw.get("columns")),
        ("tags", TAG_DEFAULTS, raw.get("tags")),
    )
    return tuple(
        (block, key)
        for block, names, given in known
        if isinstance(given, dict)
        for key in given
        if key not in names and not key.startswith(("_", "$"))
    )


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a string", type(None): "null", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "an object")
