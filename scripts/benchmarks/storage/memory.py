"""Memory of a check, and bytes on their way to it, by the number of images."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from scripts.benchmarks.data import BENCH, ENTRY
from scripts.benchmarks.process import PeakMemory
from scripts.benchmarks.storage.scale import Scale
from scripts.benchmarks.storage.sides import Side, scratch
from scripts.benchmarks.storage.table import Line, mebibytes, seconds
from tests.helpers.store import Store
from tests.helpers.store.objects import pool_name

_POOL = 300
_DELAY = 0.001


def peaks(sides: tuple[Side, Side], scale: Scale) -> Iterator[Line]:
    """The worker's resident memory at two numbers of images, over HTTP in one process, and how it grows. The other
    checkout sees the smaller number alone.
    """
    other, this = sides
    fewer, more = scale.memory
    before = _peak(other, fewer)
    few, many = (_peak(this, rows) for rows in scale.memory)
    for name, words in (
        ("memory", mebibytes),
        ("bytes in flight", "{:,.0f}".format),
        ("requests at a time", "{:.0f}".format),
    ):
        yield Line.of(f"peak {name}, {fewer:,} images", [before[name], few[name]], words)
        yield Line(f"peak {name}, {more:,} images", "", words(many[name]), f"{many[name] / max(few[name], 1):.3f}*")
    yield Line.of(f"wall, {fewer:,} images of a few kB, 1 ms, 1 process", [before["wall"], few["wall"]], seconds)
    yield Line(f"wall, {more:,} images (* over this with {fewer:,})", "", seconds(many["wall"]))


def _peak(side: Side, rows: int) -> dict[str, float]:
    """Most bytes that a process of the check held, that were on their way, and requests at a time."""
    registry, peak = _named(rows), PeakMemory()
    with Store(registry.parent, delay=_DELAY, pool=_small(), names=rows) as store, scratch() as folder:
        arguments = ("--workers", "0", "--media-dir", store.root)
        cost = side.check(registry, *arguments, folder=folder, watch=peak.watch)
        counts = store.counts()
    return {
        "memory": peak.descendant,
        "bytes in flight": counts.peak_bytes,
        "requests at a time": counts.peak_requests,
        "wall": cost.wall,
    }


def _small() -> Path:
    """Distinct JPEGs of a few kilobytes."""
    folder = BENCH / "pool" / "small"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(_POOL):
        path = folder / f"{number:03}.jpg"
        if not path.exists():
            Image.effect_noise((64 + number % 32, 96), 30 + number % 50).convert("RGB").save(path, quality=85)
    return folder


def _named(rows: int) -> Path:
    """Rows with an image each under a name of its own, which only the store knows."""
    folder = BENCH / "data" / f"named-{rows}"
    registry = folder / "dataset_info.json"
    if not registry.exists():
        folder.mkdir(parents=True, exist_ok=True)
        turns = [{"role": "user", "content": "<image>What is this?"}, {"role": "assistant", "content": "Noise."}]
        with (folder / "rows.jsonl").open("w") as file:
            for number in range(rows):
                file.write(json.dumps({"messages": turns, "images": [pool_name(number)]}) + "\n")
        registry.write_text(json.dumps({"bench": ENTRY}))
    return registry
