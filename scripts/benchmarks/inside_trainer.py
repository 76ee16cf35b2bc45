"""Runs in the trainer's environment: preprocesses a dataset and prints its cost and the lengths of its rows as JSON."""

import json
import logging
import sys
import time

import torch

from tests.oracle.environment.oracle import Oracle
from tests.oracle.environment.tokenizer import make_tokenizer


def main(folder: str, vocabulary: str) -> None:
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    tokenizer = make_tokenizer(vocabulary)
    oracle = Oracle(folder, "bench", tokenizer=tokenizer, cutoff_len=8192, image_max_pixels=1048576)
    wall, processor = time.perf_counter(), time.process_time()
    rows = oracle.full()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    lengths = [len(ids) for ids in rows["input_ids"]]
    print(json.dumps({"wall": wall, "processor": processor, "lengths": lengths}))


if __name__ == "__main__":
    main(*sys.argv[1:])
