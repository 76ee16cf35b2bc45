"""Runs inside an environment with some release of `datasets`: what it makes of packed data files.

PYTHON -m tests.oracle.judge_packed INPUT_JSON

The input is a list of steps (case, name, content in base64): files of a case lie in one folder with one cache. Of each
step: the values of the first column, or the error.
"""

import base64
import json
import logging
import pathlib
import sys
import tempfile

import datasets

datasets.disable_progress_bars()
logging.disable(logging.CRITICAL)
BUILDERS = {"json": "json", "jsonl": "json", "csv": "csv", "txt": "text", "parquet": "parquet", "arrow": "arrow"}
WRAPPED = ("DatasetGenerationError", "DatasetGenerationCastError")


def verdict(path, cache):
    try:
        loaded = datasets.load_dataset(
            BUILDERS[path.suffix[1:]], data_files=[str(path)], split="train", cache_dir=str(cache)
        )
        return list(loaded[loaded.column_names[0]])
    except Exception as error:
        name = type(error).__name__
        return f"{name}: {error}" if name not in WRAPPED else "refused"


with tempfile.TemporaryDirectory() as scratch:
    answers = []
    for case, name, content in json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")):
        folder = pathlib.Path(scratch, str(case))
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(base64.b64decode(content))
        answers.append(verdict(folder / name, folder / "cache"))
print("ANSWERS " + json.dumps([datasets.__version__, answers]))
