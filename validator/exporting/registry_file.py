"""The registry of a copy: its name, and what it says, as its trainer reads it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from validator.catalog.yaml_registry import is_yaml
from validator.engine.run_files.store import as_json
from validator.exporting.names import JSON_REGISTRY, YAML_REGISTRY
from validator.exporting.plan import Going
from validator.yaml_text import parse_yaml

_BARE = re.compile(r"[A-Za-z][\w-]*", re.ASCII)


def name_of(registry: Path | str) -> str:
    """What the registry of a copy is called: of data that a registry in YAML describes, it is YAML too."""
    return YAML_REGISTRY if is_yaml(Path(registry)) else JSON_REGISTRY


def yaml_entry_of(raw: dict[str, Any], going: Going, home: str) -> dict[str, Any]:
    """The entry as it is written in YAML; `home` is the folder of the copy, of which the path has all, since
    LLaMA-Factory v1 starts paths where training is started. No slice: only the rows of it are there.
    """
    made = {**raw, "path": os.path.abspath(os.path.join(home, going.location))}
    if going.facts.order.ranges is not None:
        made["split"] = "train"
    return made


def as_written(name: str, entries: dict[str, Any]) -> bytes:
    """The content of a registry of that name."""
    if name != YAML_REGISTRY:
        return as_json(entries)
    lines = []
    for key, entry in entries.items():
        lines.append(f"{_key(key)}:")
        lines += [f"  {_key(word)}: {_plain(value)}" for word, value in entry.items()]
    return "".join(f"{line}\n" for line in lines).encode()


def _key(word: str) -> str:
    """A key: bare where it is one word that YAML reads as itself."""
    return word if _BARE.fullmatch(word) and parse_yaml(f"{word}: 1") == {word: 1} else _plain(word)


def _plain(value: Any) -> str:
    """A value as JSON, which YAML reads as the same."""
    return json.dumps(value, ensure_ascii=False)
