"""What a folder of preprocessed rows says of itself, and where that is no longer what a training file feeds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import xxhash
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from validator.catalog.entry import Entry
from validator.findings import clip
from validator.json_text import parse_json
from validator.named_file import read_named
from validator.settings import Settings
from validator.training.config import TrainingConfig
from validator.training.feeding import comparable, fed_settings, feeding_of

CARD = "mmvalidate.json"
FORMAT = "preprocessed rows of mmvalidate"
_MOST = 64 << 20
"""Bytes of a card: a line for each data file."""


@dataclass(frozen=True, slots=True)
class Preprocessed:
    """The card of a folder: the settings that its rows were made under, how data sets were put together, and the
    digests of the entries and of the data files.
    """

    settings: Settings
    feeding: Mapping[str, Any]
    entries: Mapping[str, str]
    files: Mapping[str, str]


class _CardInputs(TypedDict):
    entries: dict[str, str]
    files_xxh3_128: dict[str, str]


class _Card(TypedDict):
    settings: dict[str, Any]
    feeding: dict[str, Any]
    inputs: _CardInputs


def card_in(folder: Path) -> Preprocessed | None:
    """The card of a folder, None where it has none of ours."""
    try:
        plain = parse_json(read_named(folder / CARD, _MOST))
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            return None
        card = TypeAdapter(_Card).validate_python(plain)
        settings = Settings(**card["settings"])
    except (OSError, ValueError, ValidationError):
        return None
    inputs = card["inputs"]
    return Preprocessed(settings, card["feeding"], inputs["entries"], inputs["files_xxh3_128"])


def differences(card: Preprocessed, config: TrainingConfig, inputs: Mapping[str, Any] | None) -> Iterator[str]:
    """In what a folder is not what a training file feeds, each in words; `inputs`: the digests of what a run has
    checked.
    """
    try:
        values = fed_settings(config)
        wanted, feeding = Settings(**values), asdict(feeding_of(config))
    except (ValueError, ValidationError):
        return  # other rules say what is wrong with the file
    for name in values:
        if name in ("datasets", "dataset_info", "media_dir"):
            continue
        theirs, ours = comparable(wanted, name), comparable(card.settings, name)
        if theirs != ours:
            yield f"{name} {clip(str(ours))} (now {clip(str(theirs))})"
    for name, value in feeding.items():
        made = card.feeding.get(name)
        made = tuple(made) if isinstance(made, list) else made
        if made != value and not (name == "seed" and not config["val_size"] and config["mix_strategy"] == "concat"):
            yield f"{_NAMES.get(name, name)} {clip(_shown(made))} (now {clip(_shown(value))})"
    if inputs is None:
        return
    now = inputs.get("files_xxh3_128", {})
    for name, digest in card.files.items():
        if now.get(name) != digest:
            yield f"another content of the data file `{clip(name, 200)}`"
    entries = inputs.get("entries", {})
    for name, digest in card.entries.items():
        if entries.get(name) != digest:
            yield f"another entry {clip(name)} of the registry"


_NAMES = {
    "train": "dataset",
    "evaluation": "eval_dataset",
    "weights": "interleave_probs",
    "each": "eval_on_each_dataset",
}


def entry_key(entry: Entry | None) -> str:
    """By which an entry of a registry is known again."""
    plain = "" if entry is None else json.dumps(asdict(entry), sort_keys=True, default=str)
    return xxhash.xxh3_128_hexdigest(plain.encode())


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
