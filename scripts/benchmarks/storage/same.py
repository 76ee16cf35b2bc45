"""Whether results are the same bytes wherever the data lie, and however many processes look at them."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import pyarrow.parquet as pq

from scripts.benchmarks.process import CommandError
from scripts.benchmarks.storage.scale import Scale
from scripts.benchmarks.storage.sides import Side, scratch
from scripts.benchmarks.storage.table import Line
from tests.engine.data import make_registry
from tests.helpers.store import Store

PREFETCH = "--prefetch"
NUMBERS = ("1", "3", "64")


def digests(sides: tuple[Side, Side], scale: Scale) -> Iterator[Line]:
    """Runs of this checkout on every layout of file with clean and broken rows: all on this disk, media in a store, all
    in a store.
    """
    side = sides[1]
    ahead = [(), *((PREFETCH, number) for number in NUMBERS if side.has(PREFETCH))]
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        home = Path(made)
        near = str(make_registry(home))
        http, s3 = (stack.enter_context(Store(home, bucket=bucket)) for bucket in (None, "bucket"))
        places: list[tuple[str, Store, tuple[str, ...]]] = [("on this disk", http, (near,))]
        for name, store in (("HTTP", http), ("S3", s3)):
            places.append((f"media over {name}", store, (near, "--media-dir", store.root)))
            places.append((f"all over {name}", store, (f"{store.root}/dataset_info.json",)))
        reference: Path | None = None
        for (name, store, (address, *rest)), workers, number in product(places, ("0", "1", "2"), ahead):
            folder = stack.enter_context(scratch())
            what = f"same files, {name}, {workers} workers {' '.join(number)}"
            arguments = (*rest, "--workers", workers, *number)
            try:
                side.check(address, *arguments, folder=folder, environment=store.environment)
            except CommandError as error:
                yield Line(what, "", str(error))
                continue
            reference = reference or folder
            yield Line(what, "", _compared(folder, reference))


def _compared(folder: Path, reference: Path) -> str:
    """The digests of a run's files where they are those of the reference, otherwise what differs."""
    same = []
    for name in ("samples.parquet", "findings.jsonl"):
        data = (folder / name).read_bytes()
        if data == (reference / name).read_bytes():
            same.append(f"{name.partition('.')[0]} {hashlib.sha256(data).hexdigest()[:6]}")
        else:
            same.append(f"{name.partition('.')[0]}: {', '.join(_differ(folder / name, reference / name))}")
    return "; ".join(same)


def _differ(one: Path, other: Path) -> list[str]:
    """Columns that differ, or `order` where they differ in the order of bytes alone."""
    (left, right) = (_rows(path) for path in (one, other))
    if len(left) != len(right):
        return [f"{len(left)} rows for {len(right)}"]
    pairs = list(zip(left, right, strict=True))
    return sorted({name for a, b in pairs for name in a if a[name] != b.get(name)}) or ["layout"]


def _rows(path: Path) -> list[dict[str, object]]:
    if path.suffix == ".parquet":
        rows: list[dict[str, object]] = pq.read_table(path).to_pylist()
        return rows
    return [json.loads(line) for line in path.read_bytes().splitlines()]
