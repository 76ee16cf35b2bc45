"""The speed of each profile beside that of `llamafactory`, on the same rows.

    .venv/bin/python -m scripts.bench_trainers [PROFILE]... [--kind text|jpeg] [--rows N] [--turns N]

Prints, for each kind of rows and each profile, the median ratio of processor time in user mode over that of
`llamafactory`, and the smallest and largest of the turns; then microseconds a row. Rows are checked in one process, and
a tenth of them once more, so that start-up falls out; the profiles take turns. `trl`, `ms-swift`, `qwen-vl-utils` and
`nemo-automodel` read the registry that `llamafactory` reads; `trl-own`, `trl-parts`, `unsloth`, `ms-swift-own`,
`axolotl` and `llamafactory-v1` the same rows as their users have them, with contents as text or in parts. IM013, which
tells of images that unsloth narrows, is left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from scripts.bench_against import command
from scripts.benchmarks.data import ENTRY, ROOT, make, rows_file
from scripts.benchmarks.scale import FULL

KINDS = {"text": 30_000, "jpeg": 8_000}
FIRST = "llamafactory"
PROFILES = {
    FIRST: (FIRST, "sharegpt"),
    "trl": ("trl", "sharegpt"),
    "trl-own": ("trl", "own"),
    "trl-parts": ("trl", "parts"),
    "unsloth": ("unsloth", "parts"),
    "ms-swift": ("ms-swift", "sharegpt"),
    "ms-swift-own": ("ms-swift", "ms-swift"),
    "qwen-vl-utils": ("qwen-vl-utils", "sharegpt"),
    "nemo-automodel": ("nemo-automodel", "sharegpt"),
    "axolotl": ("axolotl", "own"),
    "llamafactory-v1": ("llamafactory-v1", "blocks"),
}
"""The trainer, and the layout of its rows."""


def registry_of(kind: str, layout: str, rows: int) -> Path:
    """A registry of the benchmark's rows in a layout, beside the one that they were made with."""
    made = make(kind, rows, FULL.pool)
    if layout == "sharegpt":
        return made
    if layout == "blocks":
        return of_v1(made)
    registry = made.parent / f"{layout}.json"
    if not registry.exists():
        name = ENTRY["file_name"] if layout == "ms-swift" else f"{layout}.jsonl"
        if layout != "ms-swift":
            lines = rows_file(made).read_text(encoding="utf-8").splitlines()
            written = (json.dumps(without_placeholders(json.loads(line), layout)) for line in lines)
            (made.parent / f"{layout}.jsonl").write_text("".join(f"{line}\n" for line in written), encoding="utf-8")
        formatting = "ms-swift" if layout == "ms-swift" else "own"
        registry.write_text(json.dumps({"bench": {"file_name": name, "formatting": formatting}}))
    return registry


def of_v1(made: Path) -> Path:
    """The same rows in the layout of LLaMA-Factory v1, with its registry."""
    registry = made.parent / "v1.yaml"
    if not registry.exists():
        with (made.parent / "blocks.jsonl").open("w", encoding="utf-8") as file:
            for line in rows_file(made).read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                images = iter(row.get("images") or ())
                for message in row["messages"]:
                    shown = message["content"].count("<image>")
                    text = {"type": "text", "value": message["content"].replace("<image>", "")}
                    message["content"] = [*({"type": "image_url", "value": next(images)} for _ in range(shown)), text]
                file.write(json.dumps({"messages": row["messages"]}, ensure_ascii=False) + "\n")
        registry.write_text("bench: {path: blocks.jsonl, source: local}\n")
    return registry


def without_placeholders(row: dict[str, Any], layout: str) -> dict[str, Any]:
    """The row with its images before the first question: in the column alone, or as parts too."""
    for message in row["messages"]:
        images = message["content"].count("<image>")
        text = message["content"].replace("<image>", "")
        parts = [*([{"type": "image", "text": None}] * images), {"type": "text", "text": text}]
        message["content"] = parts if layout == "parts" else text
    return row


def seconds(profile: str, kind: str, rows: int) -> float:
    """Of processor time in user mode that a check takes, start-up included."""
    trainer, layout = PROFILES[profile]
    registry = registry_of(kind, layout, rows)
    with tempfile.TemporaryDirectory() as scratch:
        settings = ("--trainer", trainer, "--ignore", "IM013", "--workers", 0, "--run-dir", f"{scratch}/run")
        return command(ROOT, "check", registry, "-q", *settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("profiles", nargs="*", metavar="PROFILE", help=", ".join(PROFILES))
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--rows", type=int, help=f"{KINDS}")
    parser.add_argument("--turns", type=int, default=5)
    given = parser.parse_intermixed_args()
    profiles = [FIRST, *(name for name in given.profiles or PROFILES if name != FIRST)]
    for kind in given.kind or KINDS:
        rows = given.rows or KINDS[kind]
        few, turns = rows // 10, []
        for turn in range(given.turns):
            order = profiles if turn % 2 else profiles[::-1]
            turns.append({name: seconds(name, kind, rows) - seconds(name, kind, few) for name in order})
        for name in profiles:
            ratios = [found[name] / found[FIRST] for found in turns]
            each = statistics.median(found[name] for found in turns) / (rows - few) * 1e6
            spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            print(f"{kind:5} {name:14} {spread:22} {each:6.0f} us a row", flush=True)


if __name__ == "__main__":
    main()
