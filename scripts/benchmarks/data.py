"""Benchmark data: folders with a dataset_info.json, made once from a seed and kept in .bench.

Every image of a row has a path of its own. Where more are needed than are drawn, paths are hard links to drawn ones:
files of their own to a reader that remembers paths, and they take no room.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from scripts.benchmarks.images import OPTIONS, write_pool
from scripts.benchmarks.text import messages

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / ".bench"
FORMATS = tuple(OPTIONS)
ENTRY = {
    "file_name": "rows.jsonl",
    "formatting": "sharegpt",
    "columns": {"messages": "messages", "images": "images"},
    "tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"},
}
Row = dict[str, object]


def make(kind: str, rows: int, pool: int) -> Path:
    """The registry of `rows` rows. `kind`: a format (one image a row), `mix` (none to six of all formats), `half` (a
    JPEG in every other row) or `text`.
    """
    folder = BENCH / "data" / f"{kind}-{rows}-{pool}"
    registry = folder / "dataset_info.json"
    if registry.exists():
        return registry
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
        for row in _rows(folder, kind, rows, pool):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    registry.write_text(json.dumps({"bench": ENTRY if kind != "text" else _without_images()}))
    return registry


def rows_file(registry: Path) -> Path:
    return registry.parent / "rows.jsonl"


def _without_images() -> dict[str, object]:
    return {**ENTRY, "columns": {"messages": "messages"}}


def _rows(folder: Path, kind: str, rows: int, pool: int) -> Iterator[Row]:
    dice = random.Random(f"{kind} rows")
    formats = {"mix": FORMATS, "text": (), "half": ("jpeg",)}.get(kind, (kind,))
    pools = {name: write_pool(BENCH / "pool" / name, name, pool) for name in formats}
    number = 0
    for index in range(rows):
        if kind == "text":
            yield {"messages": messages(dice, 0)}
            continue
        count = dice.choice((0, 1, 1, 2, 3, 4, 5, 6)) if kind == "mix" else 1
        count = index % 2 if kind == "half" else count
        images = []
        for _ in range(count):
            name = dice.choice(formats)
            images.append(_link(folder, pools[name][number % pool], number))
            number += 1
        yield {"id": f"{kind}-{index}", "messages": messages(dice, count), "images": images}


def _link(folder: Path, drawn: Path, number: int) -> str:
    """A path of its own for one image, at most 4096 in a folder."""
    name = f"images/{number // 4096}/{number}{drawn.suffix}"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    os.link(drawn, path)
    return name
