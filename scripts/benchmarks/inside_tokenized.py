"""Runs in the trainer's environment: `preprocess` a dataset to a folder, or `digest` folders row by row.

PYTHON -m scripts.benchmarks.inside_tokenized preprocess FOLDER VOCABULARY TARGET
PYTHON -m scripts.benchmarks.inside_tokenized digest TARGET...
"""

import hashlib
import json
import logging
import sys

import datasets
import torch

from tests.oracle.environment.oracle import Oracle
from tests.oracle.environment.tokenizer import make_tokenizer


def preprocess(folder: str, vocabulary: str, target: str) -> None:
    tokenizer = make_tokenizer(vocabulary)
    settings = {"cutoff_len": 8192, "image_max_pixels": 1048576, "tokenized_path": target}
    Oracle(folder, "bench", tokenizer=tokenizer, **settings).full()


def digest(*folders: str) -> None:
    """Print for each folder its number of rows and one hash of all columns of all rows."""
    told = []
    for folder in folders:
        rows, hashed = datasets.load_from_disk(folder)["train"], hashlib.sha256()
        for row in rows:
            hashed.update(json.dumps(row, sort_keys=True).encode())
        told.append([len(rows), hashed.hexdigest()])
    print(json.dumps(told))


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    {"preprocess": preprocess, "digest": digest}[sys.argv[1]](*sys.argv[2:])
