"""Calls of the command on real files, what it leaves, and the rows that it is called with."""

import json
import random
import subprocess
import sys

import jsonschema
import pyarrow.parquet as pq

from tests.conftest import ROOT, say

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def call(*arguments, cwd, **options):
    command = [sys.executable, "-m", "validator.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, **options)


def replayed(run):
    return pq.read_table(run / "replay.parquet").to_pylist()


def verdicts(run, group=None):
    return {row["row"]: row["verdict"] for row in replayed(run) if group is None or row["group"] == group}


def healthy(dataset, number):
    rng = random.Random(5)
    rows = []
    for index in range(number):
        text = " ".join(rng.choices(WORDS, k=rng.randrange(2, 12)))
        if index % 2:
            picture = dataset.image(f"{index}.png", (rng.randrange(60, 160), rng.randrange(60, 160)))
            rows.append(say(f"<image>{text}?", text, images=[picture]))
        else:
            rows.append(say(f"{text}?", text, images=[]))
    return rows


def findings(run):
    return [json.loads(line) for line in (run / "findings.jsonl").read_text().splitlines()]


def summary(run):
    """summary.json, which follows its schema."""
    made = json.loads((run / "summary.json").read_text())
    jsonschema.validate(made, json.loads((ROOT / "schemas" / "summary.schema.json").read_text()))
    return made
