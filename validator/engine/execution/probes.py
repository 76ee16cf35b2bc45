"""What was measured of media files in earlier runs: a file that has not changed since need not be opened again.

One table on disk, sorted by a hash of the path, which processes map into memory and search; it is written once, at the
end of a run, so no process waits for another, and a folder shared by many machines does as well as a local disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import xxhash

from validator.facts.columns import plain_array
from validator.media.video import Frames, VideoProbe
from validator.records.image_probe import ImageProbe
from validator.storage.identity import Identity
from validator.writing import whole_file

MOST = 4_000_000
"""Files that are remembered, about 1.5 GB; beyond it the earlier ones are forgotten."""
_NAMES = [field.name for field in fields(ImageProbe)]
_VALUES = attrgetter(*_NAMES)
_SCHEMA = pa.schema([("key", pa.uint64()), ("probe", pa.binary())])
Probe = ImageProbe | VideoProbe


def _key(path: str) -> int:
    return xxhash.xxh3_64_intdigest(os.fsencode(path))


class Probes:
    """The `memory` of a MediaFiles: recalls what earlier runs have measured, and collects what is measured now."""

    def __init__(self, table: Path) -> None:
        self.fresh: dict[str, bytes] = {}
        self._keys: Any = np.empty(0, np.uint64)
        self._probes: Any = None
        with suppress(OSError, pa.ArrowException):
            with pa.memory_map(str(table)) as mapped:
                whole = pa.ipc.open_file(mapped).read_all().combine_chunks()
            if whole.num_rows:
                self._keys, self._probes = _numbers(whole["key"].chunk(0)), whole["probe"].chunk(0)

    def knows(self, path: str) -> bool:
        """Whether a probe of some version of a file is there."""
        if not len(self._keys):
            return False
        key = np.uint64(_key(path))
        place = int(np.searchsorted(self._keys, key))
        return place < len(self._keys) and bool(self._keys[place] == key)

    def recall(self, path: str, identity: Identity) -> Probe | None:
        """The probe of a file that is what it was."""
        if not len(self._keys):
            return None
        key = _key(path)
        place = int(np.searchsorted(self._keys, np.uint64(key)))
        if place >= len(self._keys) or self._keys[place] != key:
            return None
        name, size, stamp, kind, values = orjson.loads(self._probes[place].as_py())
        if name != _text(path) or (size, stamp) != (identity.size, identity.stamp):
            return None
        if kind == "image":
            known: list[Any] = [tuple(value) if isinstance(value, list) else value for value in values]
            return ImageProbe(**dict(zip(_NAMES, known, strict=True)))
        frames = {name: values[name] and Frames(**values[name]) for name in ("header", "decoded")}
        return VideoProbe(**{**values, **frames})

    def remember(self, path: str, identity: Identity, probe: Any) -> None:
        """Keep a probe that was made now."""
        if path not in self.fresh:
            kind = "image" if isinstance(probe, ImageProbe) else "video"
            with suppress(TypeError):  # text that is no text
                values = _VALUES(probe) if kind == "image" else probe
                self.fresh[path] = orjson.dumps((_text(path), identity.size, identity.stamp, kind, values))


def _numbers(array: pa.Array) -> Any:
    """The keys as numpy sees them; `to_numpy` does the same, but imports pandas for it."""
    return np.frombuffer(array.buffers()[1], np.uint64, len(array), array.offset * 8)


def _text(path: str) -> str:
    return path if path.isascii() else os.fsencode(path).decode("latin-1")


def merge_into(table: Path, fresh: Iterable[bytes]) -> None:
    """Add probes to the table; a file that is known already is replaced. Raises OSError."""
    lines = list(islice(fresh, MOST))
    if not lines:
        return
    names = [orjson.loads(line)[0] for line in lines]
    keys = np.array(
        [_key(name if name.isascii() else os.fsdecode(name.encode("latin-1"))) for name in names], np.uint64
    )
    keys, first = np.unique(keys, return_index=True)  # sorted; of equal keys the newest
    arrays = [plain_array(keys.tolist(), pa.uint64()), plain_array([lines[place] for place in first], pa.binary())]
    kept = pa.Table.from_arrays(arrays, schema=_SCHEMA)
    with suppress(OSError, pa.ArrowException), pa.memory_map(str(table)) as mapped:
        whole = pa.concat_tables([kept, pa.ipc.open_file(mapped).read_all()]).combine_chunks()
        _, first = np.unique(_numbers(whole["key"].chunk(0)), return_index=True)
        kept = whole.take(plain_array(first[:MOST].tolist(), pa.int64())).combine_chunks()
    with whole_file(table) as file, pa.ipc.new_file(file, _SCHEMA) as writer:
        writer.write_table(kept)
