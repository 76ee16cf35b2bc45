"""Training files: what we say of them is what the real trainer does with them, up to its first optimizer step."""

import json
import os
import random
from collections import Counter
from pathlib import Path

import numpy as np

from tests.environments import ORACLE, needs_oracle
from tests.judges import run_judge
from tests.oracle.compare import GOLDEN
from tests.oracle.training_files import training_files, whole
from validator.auditing.case import training_case
from validator.auditing.judge import training_findings
from validator.training.config import make_config
from validator.training.read import read_file
from validator.training.record import DataFacts
from validator.training.versions import Versions

RECORDED = GOLDEN / "training_files.json"
KINDS = {"rows": "plain", "more": "plain", "pairs": "ranking"}
"""Entries that the trainer is given, and what for."""
ROWS = 8
"""Of the data set that the trainer is given, all of them text."""
VERSIONS = Versions({"llamafactory": "0.9.5", "transformers": "5.6.0", "torch": "2.13.0"})
REFUSES = ("CF001", "CF002", "CF014", "CF015", "CF037")
"""Rules that say that the trainer stops."""
EXPLAINED = {
    "names something that is not on the trainer's machine": (
        "Undefined dataset",
        "Can't find a valid checkpoint",
        "No valid checkpoint found",
        "Failed to load tokenizer",
        "couldn't connect",
        "Cannot open ",
        "does not exist.",
        "not found",
        "No such file or directory",
    ),
    "needs a package that is not there": ("No module named", "is not defined", "Using bitsandbytes"),
    "has fewer tokens than one pack, as these eight rows": ("Cannot find sufficient samples",),
    "needs a GPU": ("Torch not compiled with CUDA", "Default process group has not been"),
}
"""Refusals that depend on the machine or the data of the training, by the trainer's words: no fault of the file."""


def says(change: str, folder: Path) -> bool:
    """Whether we say that the trainer stops."""
    file = folder / "train.yaml"
    file.write_text(whole(change))
    try:
        read = read_file(file, "training file")
    except ValueError:
        return True
    config = make_config(read.values, file, odd=read.odd)
    loaded = ROWS * max(1, len(config.names("dataset")))
    if config["max_samples"] is not None:
        loaded = min(loaded, max(config["max_samples"], 0))
    none, many = np.zeros(loaded, np.int64), np.full(loaded, 40)
    named = {*config.names("dataset"), *config.names("eval_dataset")}
    kinds = {name: kind for name, kind in KINDS.items() if name in named}
    facts = DataFacts(np.arange(loaded), many, many, many, none, none, none, kinds=kinds, loaded=loaded)
    case = training_case(config, VERSIONS, 1, facts)
    return any(finding.code in REFUSES and finding.severity == "error" for finding in training_findings(case))


def explained(words: str) -> str | None:
    return next((why for why, texts in EXPLAINED.items() if any(text in words for text in texts)), None)


def differences(answers: list[tuple[str, bool, str]], folder: Path) -> tuple[list[str], Counter]:
    """Where we and the trainer part, and how many agree or are explained."""
    apart, counts = [], Counter()
    for change, stops, words in answers:
        ours = says(change, folder)
        if ours == stops:
            counts["refused" if stops else "trained"] += 1
        elif stops and (why := explained(words)):
            counts[why] += 1
        else:
            apart.append(f"{change!r}: {'the trainer stops, we do not' if stops else 'we stop'}: {words}")
    return apart, counts


def ask(changes: list[str]) -> list[dict]:
    """The real trainer's answers."""
    lines = "".join(json.dumps({"text": whole(change)}) + "\n" for change in changes)
    return list(map(json.loads, run_judge(ORACLE, "tests.oracle.judge_training", text=lines).splitlines()))


def test_the_recorded_thousand(tmp_path):
    recorded = json.loads(RECORDED.read_text())
    assert len(recorded) == 1000
    apart, counts = differences([(change, words is not None, words or "") for change, words in recorded], tmp_path)
    print(dict(counts))
    assert not apart, "\n".join(apart)


@needs_oracle
def test_files_never_seen_before(tmp_path):
    number = int(os.environ.get("MMVALIDATE_TRAINING_FILES", "40"))
    seed = int(os.environ.get("MMVALIDATE_SEED", random.randrange(1 << 30)))
    changes = training_files(number, seed)
    answers = [
        (change, answer["outcome"] == "refused", f"{answer.get('error')}: {answer.get('message')}")
        for change, answer in zip(changes, ask(changes), strict=True)
    ]
    apart, counts = differences(answers, tmp_path)
    print(f"seed {seed}: {dict(counts)}")
    assert not apart, f"seed {seed}:\n" + "\n".join(apart)
