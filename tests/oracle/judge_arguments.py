"""Runs inside the oracle's environment: what the trainer makes of arguments, and in which order it feeds rows.

    ORACLE_PYTHON -m tests.oracle.judge_arguments QUESTION INPUT_JSON

Questions: arguments (its keys and defaults, OmegaConf's values, its refusals, and the rows that are held for
validation), order (tokens and labels of each row of two datasets, as `get_dataset` gives them).
"""

import json
import os
import sys
from pathlib import Path

os.environ |= {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29617"}

from scripts.make_training_arguments import table
from tests.oracle.environment.oracle import Oracle
from tests.oracle.environment.tokenizer import make_tokenizer


def arguments(given):
    from datasets import Dataset
    from omegaconf import OmegaConf

    rows = []
    for number, share, seed in given["splits"]:
        parts = Dataset.from_dict({"x": list(range(number))}).train_test_split(test_size=share, seed=seed)
        rows += [parts[name]["x"] for name in ("train", "test")]
    values = OmegaConf.to_container(OmegaConf.create(given["yaml"]))
    return {
        "table": table()["arguments"],
        "values": values,
        "said": list(map(refusal, given["refused"])),
        "rows": list(map(list, rows)),
    }


def refusal(values):
    """The trainer's words, None where it takes the arguments."""
    from llamafactory.hparams import parser

    try:
        parser.get_train_args(dict(values))
    except (ValueError, AssertionError) as error:
        return str(error)
    return None


def order(given):
    tokenizer = make_tokenizer(given["vocabulary"])
    oracle = Oracle(given["folder"], "b,a", tokenizer=tokenizer, cutoff_len=64)
    oracle.data_args.max_samples, oracle.data_args.val_size, oracle.training_args.seed = 30, 0.2, 7
    return [[len(row["input_ids"]), sum(label != -100 for label in row["labels"])] for row in oracle.full()]


if __name__ == "__main__":
    question, input_file = sys.argv[1:]
    answer = {"arguments": arguments, "order": order}[question]
    print("ANSWERS " + json.dumps(answer(json.loads(Path(input_file).read_text(encoding="utf-8")))))
