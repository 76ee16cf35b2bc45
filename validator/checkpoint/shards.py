"""The safetensors files of a checkpoint: which tensors lie where, and what is wrong with the files.

The format: 8 bytes with the length of a JSON header, the header, then the data at the offsets that it names. Whether a
file is sound is for the safetensors library to say, with which trainers open it; values are streamed by `stream`.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from validator.checkpoint.names import canonical
from validator.checkpoint.record import Shape
from validator.findings import clip
from validator.json_text import parse_json
from validator.named_file import open_named, read_named

INDEX, SINGLE, ADAPTER = "model.safetensors.index.json", "model.safetensors", "adapter_model.safetensors"
PICKLES = ("pytorch_model.bin.index.json", "pytorch_model.bin", "adapter_model.bin")
"""Weights that trainers load too, and that are not audited."""
SIZES = {"BF16": 2, "F16": 2, "F32": 4, "F64": 8}
"""Bytes of an element, of the types that are audited."""
MOST_JSON = 256 << 20
"""Bytes of an index, a config.json or a tokenizer.json that are read."""
_DIGITS = 20
"""Of the largest number that the library takes for an offset or a side."""


@dataclass(frozen=True, slots=True)
class TensorPlace:
    """Where a tensor lies: its name in the file, the file, the first byte, its type and shape."""

    written: str
    file: Path
    begin: int
    dtype: str
    shape: Shape

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


@dataclass(slots=True)
class Shards:
    """All tensors of a checkpoint by their newer names, and sentences about files that cannot be used. `empty`: the
    folder has no weights of any kind.
    """

    folder: Path
    places: dict[str, TensorPlace] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    config: dict[str, Any] | None = None
    adapter: bool = False
    empty: bool = False


def open_shards(folder: Path) -> Shards:
    """Read the index and the headers. Raises ValueError where the weights are of a kind that is not audited."""
    shards = Shards(folder)
    listed = _index(folder, shards.problems)
    if listed is None:
        names = held(folder, (SINGLE, ADAPTER))
        if not names:
            if pickles := held(folder, PICKLES):
                raise ValueError(f"its weights are in {pickles[0]}; only safetensors are audited")
            shards.empty = True
            return shards
        shards.adapter = names[0] == ADAPTER
        files: Iterable[str] = names[:1]
    else:
        files = sorted(set(listed.values()))
    found: dict[str, str] = {}
    for name in files:
        for place in _header(folder / name, shards.problems):
            if place.written in found and shards.problems is not None:
                shards.problems.append(f"{place.written} lies in {found[place.written]} and in {name}")
            found[place.written] = name
            shards.places[canonical(place.written)] = place
    if listed is not None:
        _compare(listed, found, shards.problems)
    try:
        config = read_json(folder / "config.json")
        if not isinstance(config, dict):
            raise ValueError("it is not a mapping")
        shards.config = config
    except (OSError, ValueError) as error:
        if not shards.adapter:
            why = error.strerror if isinstance(error, OSError) else error
            shards.problems.append(
                f"config.json is missing or no JSON ({clip(str(why))}): names and shapes are not compared with it"
            )
    return shards


def held(folder: Path, names: Iterable[str] = (INDEX, SINGLE, ADAPTER, *PICKLES)) -> list[str]:
    """Those of some names of weights that lie in a folder."""
    return [name for name in names if os.path.lexists(folder / name)]


def read_json(path: Path) -> Any:
    """The JSON in a file beside the weights. Raises OSError or ValueError."""
    return parse_json(read_named(path, MOST_JSON))


def _index(folder: Path, problems: list[str]) -> dict[str, str] | None:
    """Tensor -> file by the index, None where there is none."""
    path = folder / INDEX
    if not os.path.lexists(path):
        return None
    try:
        listed = read_json(path)["weight_map"]
        if not all(isinstance(file, str) for file in listed.values()):
            raise TypeError("it names files by something that is not text")
        inside = dict(listed)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        problems.append(f"{INDEX} is not a checkpoint index: {clip(str(why))}")
        return {}
    for file in sorted({file for file in inside.values() if not _is_name(file)}):
        problems.append(f"{INDEX} names {clip(file)}, which lies outside of the folder")
    return {name: file for name, file in inside.items() if _is_name(file)}


def _is_name(file: str) -> bool:
    """Whether it is the name of a file within the folder."""
    return Path(file).name == file and file not in ("", "..") and "\0" not in file


def _header(path: Path, problems: list[str]) -> list[TensorPlace]:
    """The tensors of one file; what is wrong with it is added to `problems`."""
    try:
        with open_named(path) as file:  # a pipe would be waited for
            length = int.from_bytes(file.read(8), "little")
            with safe_open(path, framework="np"):
                header = json.loads(file.read(length), parse_int=_whole)
    except OSError as error:
        problems.append(f"{path.name} cannot be read: {error.strerror or clip(str(error))}")
        return []
    except SafetensorError as error:
        problems.append(f"{path.name} is not a safetensors file that loads: {clip(str(error), 160)}")
        return []
    except (ValueError, RecursionError) as error:  # the file was exchanged, or its name is none
        problems.append(f"{path.name} cannot be read: {clip(str(error))}")
        return []
    return [
        TensorPlace(name, path, 8 + length + item["data_offsets"][0], item["dtype"], tuple(item["shape"]))
        for name, item in header.items()
        if name != "__metadata__"
    ]


def _whole(digits: str) -> int:
    """A number of a header; longer ones can only stand where the library looks at nothing."""
    return int(digits) if len(digits) <= _DIGITS else 0


def _compare(listed: dict[str, str], found: dict[str, str], problems: list[str]) -> None:
    """Index against files."""
    for name in sorted(listed.keys() - found.keys())[:10]:
        problems.append(f"{INDEX} places {clip(name)} in {listed[name]}, which does not hold it")
    for name in sorted(found.keys() - listed.keys())[:10]:
        problems.append(f"{found[name]} holds {clip(name)}, which {INDEX} does not name")
    for name in sorted(name for name in listed.keys() & found.keys() if listed[name] != found[name])[:10]:
        problems.append(f"{INDEX} places {clip(name)} in {listed[name]}; it lies in {found[name]}")
