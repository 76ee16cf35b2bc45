"""Benchmark data of many small files: a registry of many entries, or one entry whose folder holds them all."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Mapping
from pathlib import Path

from scripts.benchmarks.data import BENCH, ENTRY
from scripts.benchmarks.text import messages

ROWS = 3
"""Of a file."""
KINDS = ("entries", "folder")
_PLAIN = {**ENTRY, "columns": {"messages": "messages"}}


def make_small_files(kind: str, files: int) -> Path:
    """The registry over `files` files of ROWS rows of text each. `kind`: one of KINDS."""
    folder = BENCH / "data" / f"{kind}-{files}"
    registry = folder / "dataset_info.json"
    if registry.exists():
        return registry
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "rows").mkdir(parents=True)
    dice = random.Random(f"{kind} rows")
    names = [f"rows/{number:05}.jsonl" for number in range(files)]
    for name in names:
        rows = [json.dumps({"messages": messages(dice, 0)}, ensure_ascii=False) for _ in range(ROWS)]
        (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    entries: Mapping[str, object] = {"bench": {**_PLAIN, "file_name": "rows"}}
    if kind == "entries":
        entries = {f"bench_{number:05}": {**_PLAIN, "file_name": name} for number, name in enumerate(names)}
    registry.write_text(json.dumps(entries))
    return registry
