"""Whether results are the same bytes wherever the data lie, and however many processes look at them."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow.parquet as pq

from scripts.benchmarks.storage.scale import Scale
from scripts.benchmarks.storage.sides import Side, scratch
from scripts.benchmarks.storage.table import Line
from tests.engine.data import make_registry
from tests.helpers.store import Store

PREFETCH = "--prefetch"
NUMBERS = ("1", "3", "64")


def digests(sides: tuple[Side, Side], scale: Scale) -> Iterator[Line]:
    """Runs of this checkout on every layout of file with clean and broken rows: on this disk, over HTTP, as S3."""
    side = sides[1]
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        home = Path(made)
        registry = make_registry(home)
        stores = [stack.enter_context(Store(home, bucket=bucket)) for bucket in (None, "bucket")]
        places = {"local": (str(registry), {})} | {
            name: (f"{store.root}/dataset_info.json", store.environment)
            for name, store in zip(("HTTP", "S3"), stores, strict=True)
        }
        numbers: tuple[str | None, ...] = (None, *(NUMBERS if side.has(PREFETCH) else ()))
        reference: Path | None = None
        for name, (address, environment) in places.items():
            for workers in ("0", "1", "2"):
                for number in numbers:
                    folder = stack.enter_context(scratch())
                    arguments = ("--workers", workers, *((PREFETCH, number) if number is not None else ()))
                    side.check(address, *arguments, folder=folder, environment=environment)
                    reference = reference or folder
                    ahead = f", {PREFETCH} {number}" if number is not None else ""
                    yield Line(f"same files, {name}, {workers} workers{ahead}", "", _compared(folder, reference))


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
