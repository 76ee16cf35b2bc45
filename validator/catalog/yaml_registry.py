"""A registry in YAML, as LLaMA-Factory v1 reads it: an entry a key, with `path`, `source` and `converter`. The columns
and the words for roles of each converter are fixed.

Source: llamafactory-kt 0.9.6.dev0 `v1/core/data_engine.py`, `v1/plugins/data_plugins/loader.py`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from validator.catalog.entry import NO_COLUMNS, OWN, TAG_DEFAULTS, Entry
from validator.json_text import decode
from validator.named_file import read_named

MOST_BYTES = 256 << 10
"""Of a registry in YAML."""
CONVERTERS = {"alpaca": "v1-alpaca", "sharegpt": "v1-sharegpt", "pair": "v1-pair"}
"""Formattings by the names of converters; without one rows are taken as they are."""
_MEDIA: dict[str, str | None] = {"images": "images", "videos": "videos", "audios": "audios"}
_COLUMNS: dict[str, dict[str, str | None]] = {
    "alpaca": {"prompt": "instruction", "query": "input", "response": "output", "system": "system", **_MEDIA},
    "sharegpt": {"messages": "conversations", "tools": "tools", **_MEDIA},
    "pair": {"chosen": "chosen", "rejected": "rejected", "tools": "tools", **_MEDIA},
}
_KEYS = frozenset(("path", "source", "split", "converter", "size", "weight", "streaming"))
_TOO_MANY = 1 << 63
"""Draws that `random.choices` refuses with OverflowError."""


def is_yaml(path: Path) -> bool:
    """Whether a file is YAML by its name."""
    return path.suffix.lower() in (".yaml", ".yml")


def is_training_file(path: str) -> bool:
    """Whether a file is YAML by its name, and no registry: LLaMA-Factory's training file."""
    return is_yaml(Path(path)) and not is_yaml_registry(Path(path))


def is_yaml_registry(path: Path) -> bool:
    """Whether a YAML file holds entries, each with the path of its data."""
    try:
        return is_registry(parsed(read_named(path, MOST_BYTES)))
    except (ValueError, OSError):
        return False


def parsed(data: bytes) -> Any:
    """The content of a YAML file. Raises ValueError."""
    from validator.yaml_text import parse_yaml  # loading it takes a tenth of a check of a few rows

    return parse_yaml(decode(data))


def is_registry(content: Any) -> bool:
    """Whether the content of a YAML file is a registry: its values are objects, of which one names data."""
    return (
        isinstance(content, dict)
        and bool(content)
        and all(isinstance(key, str) and isinstance(value, dict) for key, value in content.items())
        and any("path" in value and value.keys() <= _KEYS for value in content.values())
    )


def parse_yaml_entry(name: str, raw: Any, folder: Path) -> Entry:
    """Read one entry; `folder` is that of the registry. Raises ValueError with the reason where training would stop at
    it.
    """
    path = raw.get("path")
    if not isinstance(path, str) or not path:
        raise ValueError("it names no data: `path` is missing (training stops with KeyError: 'path')")
    converter = raw.get("converter")
    if converter is not None and not (isinstance(converter, str) and converter in CONVERTERS):
        raise ValueError(f"Plugin {converter!r:.60} is not registered under DataConverterPlugin.")
    source = raw.get("source", "hf_hub")
    if source not in ("hf_hub", "local"):
        raise ValueError(f"Plugin {source!r:.60} is not registered under DataLoaderPlugin. Write `source: local`.")
    if source == "hf_hub" and os.path.isfile(path):
        raise ValueError("its `path` is a file, which is looked for on the hub: write `source: local`")
    if raw.get("streaming"):
        raise ValueError("`streaming` stops training: an entry that is streamed has no length there")
    split = raw.get("split", "train")
    if not isinstance(split, str):
        raise ValueError(f"`split` must be a string, got {split!r:.60}")
    size = raw.get("size")
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or not 0 < size < _TOO_MANY):
        raise ValueError(f"`size` must be a whole number above 0 and below 2**63, got {size!r:.60}")
    weight = raw.get("weight")
    if weight is not None and (
        isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < _TOO_MANY
    ):
        raise ValueError(f"`weight` must be a number from 0 on and below 2**63, got {weight!r:.60}")
    local = source == "local"
    return Entry(
        name=name,
        source="file" if local else "hub",
        location=_located(path, folder) if local else path,
        key="file_name" if local else "hf_hub_url",
        formatting=OWN if converter is None else CONVERTERS[converter],
        split=split,
        num_samples=size,
        columns=NO_COLUMNS | (_COLUMNS[converter] if converter else {}),
        tags=dict(TAG_DEFAULTS),
        weight=float(weight) if weight else None,
    )


def _located(path: str, folder: Path) -> str:
    """A path, which starts where training is started, as it is from the registry's folder; where nothing lies there, it
    is taken to start at the registry.
    """
    if os.path.isabs(path) or not os.path.exists(path):
        return path
    return os.path.relpath(path, folder)
