"""The safetensors files of a checkpoint: which tensors lie where, and what is wrong with the files.

The format: 8 bytes with the length of a JSON header, the header, then the data at the offsets that it names.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from validator.checkpoint.names import canonical
from validator.checkpoint.record import Shape
from validator.findings import clip

INDEX, SINGLE, ADAPTER = "model.safetensors.index.json", "model.safetensors", "adapter_model.safetensors"
SIZES = {"BF16": 2, "F16": 2, "F32": 4, "F64": 8}
"""Bytes of an element, of the types that are audited."""
MOST_HEADER = 100 << 20
"""The format's own limit of a header's length."""


@dataclass(frozen=True, slots=True)
class Place:
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
    """All tensors of a checkpoint by their newer names, and sentences about files that cannot be used."""

    folder: Path
    places: dict[str, Place] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    config: dict[str, Any] | None = None
    adapter: bool = False


def open_shards(folder: Path) -> Shards:
    """Read the index and the headers. Raises ValueError where the folder holds no safetensors."""
    shards = Shards(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder of a checkpoint.")
    listed = _index(folder, shards.problems)
    if listed is None:
        names = [name for name in (SINGLE, ADAPTER) if (folder / name).is_file()]
        if not names:
            raise ValueError(f"{folder} holds no safetensors ({INDEX}, {SINGLE} or {ADAPTER}); only these are audited.")
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
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        shards.config = config if isinstance(config, dict) else None
    except (OSError, ValueError):
        if not shards.adapter:
            shards.problems.append("config.json is missing or no JSON: names and shapes are not compared with it")
    return shards


def _index(folder: Path, problems: list[str]) -> dict[str, str] | None:
    """Tensor -> file by the index, None where there is none."""
    path = folder / INDEX
    if not path.is_file():
        return None
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["weight_map"]
        inside = {str(name): str(file) for name, file in listed.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{path} is no index of a checkpoint.") from None
    for file in sorted({file for file in inside.values() if Path(file).name != file}):
        problems.append(f"{INDEX} names {clip(file)}, which lies outside of the folder")
    return {name: file for name, file in inside.items() if Path(file).name == file}


def _header(path: Path, problems: list[str]) -> list[Place]:
    """The tensors of one file; what is wrong with it is added to `problems`."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(MOST_HEADER, size - 8):
                raise ValueError("its header has an impossible length")
            header = json.loads(file.read(length))
        if not isinstance(header, dict):
            raise ValueError("its header is no mapping")
    except OSError as error:
        problems.append(f"{path.name} cannot be read: {error.strerror}")
        return []
    except (ValueError, RecursionError) as error:
        problems.append(f"{path.name} is no safetensors file: {clip(str(error))}")
        return []
    places = []
    for name, item in header.items():
        if name == "__metadata__":
            continue
        try:
            shape = tuple(int(side) for side in item["shape"])
            begin, end = (int(offset) for offset in item["data_offsets"])
            dtype = str(item["dtype"])
        except (KeyError, TypeError, ValueError):
            problems.append(f"{path.name}: the header says nothing usable of {clip(name)}")
            continue
        wanted = math.prod(shape) * SIZES.get(dtype, 0)
        if min((*shape, begin, end - begin)) < 0 or (dtype in SIZES and end - begin != wanted):
            problems.append(f"{path.name}: {clip(name)} has offsets that do not fit its shape")
        elif 8 + length + end > size:
            problems.append(f"{path.name} ends too early: {clip(name)} is cut off")
        else:
            places.append(Place(name, path, 8 + length + begin, dtype, shape))
    return places


def _compare(listed: dict[str, str], found: dict[str, str], problems: list[str]) -> None:
    """Index against files."""
    for name in sorted(listed.keys() - found.keys())[:10]:
        problems.append(f"{INDEX} places {clip(name)} in {listed[name]}, which does not hold it")
    for name in sorted(found.keys() - listed.keys())[:10]:
        problems.append(f"{found[name]} holds {clip(name)}, which {INDEX} does not name")
    for name in sorted(name for name in listed.keys() & found.keys() if listed[name] != found[name])[:10]:
        problems.append(f"{INDEX} places {clip(name)} in {listed[name]}; it lies in {found[name]}")
