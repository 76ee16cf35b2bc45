"""Runs inside the oracle's environment: what the real trainer's `get_dataset` makes of data, and of a folder of ours.

    ORACLE_PYTHON -m tests.oracle.judge_tokenized VOCABULARY QUESTION INPUT_JSON

Questions: made (each case preprocessed by the trainer, to a folder that it saves), loaded (the same of folders that are
there), trained (the losses of an epoch of a tiny model on each folder). A case is {"folder", "dataset", "settings",
"tokenized_path", "seed"}.
"""

import hashlib
import json
import logging
import sys
from pathlib import Path

import datasets

from tests.oracle.environment.oracle import Oracle
from tests.oracle.environment.tokenizer import make_tokenizer

NUMBERS = ("input_ids", "attention_mask", "labels")


def module_of(case, tokenizer):
    """What the trainer trains on, by split."""
    from llamafactory.data import get_dataset
    from llamafactory.data.template import TEMPLATES

    if not hasattr(module_of, "system"):
        module_of.system = TEMPLATES["qwen2_vl"].default_system
    TEMPLATES["qwen2_vl"].default_system = module_of.system  # the trainer writes its setting into this global
    settings = {**case["settings"], "tokenized_path": case["tokenized_path"]}
    oracle = Oracle(case["folder"], case["dataset"], tokenizer=tokenizer, **settings)
    oracle.training_args.seed = case.get("seed", 42)
    arguments = (oracle.template, oracle.model_args, oracle.data_args, oracle.training_args, "sft")
    return oracle, get_dataset(*arguments, tokenizer=oracle.tokenizer, processor=oracle.processor)


def described(module):
    """The rows of every split: columns, and of each row a hash of its numbers, its length, and everything else."""
    splits = {"train": module.get("train_dataset")}
    evaluation = module.get("eval_dataset")
    splits |= evaluation if isinstance(evaluation, dict) else {"validation": evaluation}
    return {
        name: {
            "features": {column: str(feature) for column, feature in split.features.items()},
            "rows": [row_of(row) for row in split],
        }
        for name, split in splits.items()
        if split is not None
    }


def row_of(row):
    numbers = json.dumps([row[name] for name in NUMBERS])
    rest = {name: value for name, value in row.items() if name not in NUMBERS}
    return {"sha": hashlib.sha256(numbers.encode()).hexdigest()[:16], "len": len(row["input_ids"]), **rest}


def made(cases, tokenizer):
    """`error` where the trainer stops."""
    answers = []
    for case in cases:
        try:
            answers.append(described(module_of(case, tokenizer)[1]))
        except Exception as error:
            answers.append({"error": f"{type(error).__name__}: {str(error)[:300]}"})
    return answers


def trained(cases, tokenizer):
    """The loss of every step of one epoch, in hexadecimal."""
    import torch

    answers = []
    for case in cases:
        oracle, module = module_of(case, tokenizer)
        model = oracle.tiny_model().train()
        collate = oracle.collator(model)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        rows, losses = module["train_dataset"], []
        for first in range(0, len(rows), 2):
            batch = collate([rows[index] for index in range(first, min(first + 2, len(rows)))])
            loss = model(**batch).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(float(loss).hex())
        answers.append(losses)
    return answers


QUESTIONS = {"made": made, "loaded": made, "trained": trained}


def main(vocabulary, question, input_file):
    logging.disable(logging.CRITICAL)
    datasets.disable_progress_bars()
    answers = QUESTIONS[question](json.loads(Path(input_file).read_text(encoding="utf-8")), make_tokenizer(vocabulary))
    print("ANSWERS " + json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
