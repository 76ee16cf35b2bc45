"""Joins folders that several machines have written: their rows one folder after the other, split by split."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from validator.engine.keys import key_of
from validator.engine.run_files.store import as_json
from validator.json_text import parse_json
from validator.named_file import read_named
from validator.tokenizing.arrow_folder import read_batches, schema_of, shard_name, write_records, write_splits
from validator.tokenizing.folder import LEFT_OUT, begun, place
from validator.tokenizing.gather import as_type
from validator.training.preprocessed import CARD, FORMAT
from validator.writing import whole_file

_MOST = 64 << 20
_SAME = ("trainer", "key", "within", "settings", "policy")
_PLACES = ("dataset_info", "media_dir")
"""Settings that may differ: where the data lay."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A folder with its card, and the shards of each split in their order."""

    folder: Path
    card: dict[str, Any]
    shards: dict[str, list[Path]]


def merge(folders: Sequence[Path], target: Path) -> dict[str, Any]:
    """Write the rows of some folders to a new one, and return its card. Files are linked where that can be.

    Raises ValueError, in a sentence, where a folder is none that `tokenize` has written, or was written under other
    settings than the first; OSError.
    """
    if len(folders) < 2:
        raise ValueError("Name two folders at least to join them: --merge FIRST --merge SECOND.")
    sources = [_source(folder) for folder in folders]
    card = _card(sources)
    with begun(target.absolute(), key_of(card)) as unfinished:
        for name in card["splits"]:
            _join(name, [source for source in sources if name in source.shards], unfinished.split(name), card)
        write_splits(unfinished.whole, list(card["splits"]))
        with (unfinished.whole / LEFT_OUT).open("xb") as file:
            for source in sources:
                with (source.folder / LEFT_OUT).open("rb") as lines:
                    shutil.copyfileobj(lines, file)
        (unfinished.whole / CARD).write_bytes(as_json(card))
        unfinished.finish()
    return card


def _source(folder: Path) -> _Source:
    try:
        card = parse_json(read_named(folder / CARD, _MOST))
        if not isinstance(card, dict) or card["format"] != FORMAT:
            raise ValueError
        shards = {}
        for split in card["splits"]:
            state = orjson.loads((folder / split / "state.json").read_bytes())
            shards[str(split)] = [folder / split / os.path.basename(item["filename"]) for item in state["_data_files"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(
            f"{folder} is not a complete folder of `mmvalidate tokenize`, so it cannot be merged."
        ) from None
    return _Source(folder, card, shards)


def _card(sources: Sequence[_Source]) -> dict[str, Any]:
    """The card of the whole. Raises ValueError where folders do not belong together."""
    first = sources[0].card
    for source in sources[1:]:
        for name in _SAME:
            ours, theirs = (_without_places(card.get(name)) for card in (first, source.card))
            if ours != theirs:
                where = f"{source.folder} and {sources[0].folder}"
                raise ValueError(f"{where} were written under other {name}: {_first(ours, theirs)}.")
        if _how(source.card) != _how(first):
            raise ValueError(f"{source.folder} and {sources[0].folder} differ in packing, mixing or what is held out.")
    feeding = dict(first["feeding"])
    for name in ("train", "evaluation"):
        feeding[name] = list(dict.fromkeys(word for source in sources for word in source.card["feeding"][name]))
    inputs = dict(first["inputs"])
    for name in ("entries", "files_xxh3_128"):
        inputs[name] = _agreed([source.card["inputs"][name] for source in sources])
    by_code: dict[str, int] = {}
    splits: dict[str, int] = {}
    for source in sources:
        for counts, total in ((source.card["left_out_by_code"], by_code), (source.card["splits"], splits)):
            for word, number in counts.items():
                total[word] = total.get(word, 0) + number
    return {
        **first,
        "feeding": feeding,
        "inputs": inputs,
        "splits": splits,
        "left_out": sum(source.card["left_out"] for source in sources),
        "left_out_by_code": dict(sorted(by_code.items())),
        "merged": [source.card["splits"] for source in sources],
    }


def _without_places(value: Any) -> Any:
    return {name: item for name, item in value.items() if name not in _PLACES} if isinstance(value, dict) else value


def _first(ours: Any, theirs: Any) -> str:
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return f"{theirs} and {ours}"
    name = next(name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name))
    return f"{name} {theirs.get(name)} and {ours.get(name)}"


def _how(card: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in card["feeding"].items() if name not in ("train", "evaluation")}


def _agreed(digests: Sequence[dict[str, str]]) -> dict[str, str]:
    """The digests of what has one name in one folder alone, or one content in all: of the rest nothing can be said."""
    found: dict[str, str] = {}
    torn: set[str] = set()
    for some in digests:
        torn |= {name for name, digest in some.items() if found.setdefault(name, digest) != digest}
    return {name: digest for name, digest in sorted(found.items()) if name not in torn}


def _join(name: str, sources: Sequence[_Source], folder: Path, card: dict[str, Any]) -> None:
    """Put the shards of one split together, under the columns of all."""
    shards = [path for source in sources for path in source.shards[name]]
    schema = _joined(name, [schema_of(path) for path in shards])
    names = [shard_name(number, len(shards)) for number in range(len(shards))]
    for path, new in zip(shards, names, strict=True):
        if schema_of(path).equals(schema):
            place(path, folder / new)
            continue
        with whole_file(folder / new) as file, pa.ipc.new_stream(file, schema) as writer:
            for batch in read_batches(path):
                columns = [as_type(batch[field.name], field.type) for field in schema]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
    write_records(folder, name, schema, names, key_of(card, name)[:16])


def _joined(split: str, schemas: Sequence[pa.Schema]) -> pa.Schema:
    """The columns of all: one of null becomes what it is elsewhere. Raises ValueError where they cannot be joined."""
    try:
        return pa.unify_schemas(list(dict.fromkeys(schemas)))
    except pa.ArrowException as error:
        raise ValueError(f"The rows of the split {split} have columns that cannot be joined: {error}.") from None
