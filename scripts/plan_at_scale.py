"""Plans on many rows: how long, and equal to full runs?

    python -m scripts.plan_at_scale [ROWS] [FOLDER]

Makes rows of one to three questions with none to four screenshots of 3,000 sizes, checks them once, plans nine pairs of
limits, and compares two of these with full runs of their own, which take nothing from the first.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
from PIL import Image

from scripts.benchmarks.text import messages

CUTOFFS, PIXELS = (1024, 2048, 4096), (262144, 589824, 1048576)
CHECKED = ((2048, 589824), (1024, 1048576))
TAGS = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}


def make(folder: Path, rows: int) -> Path:
    registry = folder / "dataset_info.json"
    if registry.exists():
        return registry
    (folder / "images").mkdir(parents=True, exist_ok=True)
    dice = random.Random(0)
    for number in range(3000):
        size = (dice.randrange(28, 2400), dice.randrange(28, 2400))
        Image.new("1", size).save(folder / "images" / f"{number}.png", compress_level=1)
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
        for _ in range(rows):
            count = dice.choice((0, 0, 1, 1, 1, 2, 3, 4))
            images = [f"images/{dice.randrange(3000)}.png" for _ in range(count)]
            file.write(json.dumps({"messages": messages(dice, count), "images": images}, ensure_ascii=False) + "\n")
    columns = {"messages": "messages", "images": "images"}
    entry = {"file_name": "rows.jsonl", "formatting": "sharegpt", "columns": columns, "tags": TAGS}
    registry.write_text(json.dumps({"rows": entry}))
    return registry


def mmvalidate(*arguments: object) -> tuple[str, float]:
    began = time.monotonic()
    command = [sys.executable, "-m", "validator.cli.main", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout, time.monotonic() - began


def of_run(folder: Path) -> dict[str, int]:
    names = ("outcome", "num_tokens", "num_tokens_full", "num_image_tokens", "num_label_tokens")
    table = pq.read_table(folder / "samples.parquet", columns=list(names)).to_pydict()
    found = pq.read_table(folder / "findings.parquet", columns=["code", "row"]).to_pydict()
    cut_off = {row for code, row in zip(found["code"], found["row"], strict=True) if code == "TK001"}
    rows = enumerate(zip(*(table[name] for name in names), strict=True))
    trained = [values for row, values in rows if values[0] == "ok" and row not in cut_off]
    cut = sum(values[1] < values[2] for values in trained)
    return {
        "crashed": len(table["outcome"]) - len(trained),
        "cut": cut,
        "whole": len(trained) - cut,
        "tokens_per_epoch": sum(values[1] for values in trained),
        "visual_tokens": sum(values[3] for values in trained),
        "label_tokens": sum(values[4] for values in trained),
    }


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else f".bench/plan-{rows}")
    registry = make(folder, rows)
    common = ("--integrity", "header", "--no-resume", "--quiet", "--output-format", "concise")
    _, seconds = mmvalidate(registry, "--run-dir", folder / "run", *common)
    print(f"{rows:,} rows checked in {seconds:.1f} s", flush=True)
    wanted = [f"--cutoff-len={','.join(map(str, CUTOFFS))}", f"--image-max-pixels={','.join(map(str, PIXELS))}"]
    text, seconds = mmvalidate("plan", folder / "run", *wanted, "--output-format", "json")
    options = json.loads(text)["options"]
    print(f"{len(options)} pairs of limits planned in {seconds:.1f} s", flush=True)
    for cutoff, most in CHECKED:
        limits = ("--cutoff-len", cutoff, "--image-max-pixels", most)
        _, seconds = mmvalidate(registry, "--run-dir", folder / "full", *limits, *common)
        option = next(o for o in options if (o["cutoff_len"], o["image_max_pixels"]) == (cutoff, most))
        planned = {**option["rows"], **option}
        differing = {name: (planned[name], number) for name, number in of_run(folder / "full").items()
                     if planned[name] != number}  # fmt: skip
        print(f"cutoff {cutoff}, pixels {most}: {differing or 'equal'} (full run: {seconds:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
