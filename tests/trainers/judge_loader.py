"""Runs inside an environment with some release of `datasets`: its verdict about files.

PYTHON -m tests.trainers.judge_loader INPUT_JSON

Of each file: null where the loader refuses it, else the kind of each column (date, json, other).
"""

import json
import pathlib
import sys
import tempfile

import datasets

datasets.disable_progress_bars()


def kind_of(feature):
    if type(feature).__name__ == "Json":
        return "json"
    return "date" if str(getattr(feature, "dtype", "")).startswith("timestamp") else "other"


def verdict(file):
    with tempfile.TemporaryDirectory() as cache:
        loader = "json" if file.endswith(("json", "jsonl")) else "parquet"
        try:
            loaded = datasets.load_dataset(loader, data_files=[file], split="train", cache_dir=cache)
        except Exception:
            return None
        return {name: kind_of(feature) for name, feature in loaded.features.items()}


files = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
print("ANSWERS " + json.dumps([datasets.__version__, {file: verdict(file) for file in files}]))
