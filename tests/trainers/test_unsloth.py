"""unsloth's vision collator, asked about fresh random files: all answers equal."""

import json
import os
import random
from pathlib import Path

import pytest

from tests.environments import needs_trainer
from tests.trainers.compare import ask
from tests.trainers.own import compare
from tests.trainers.trl_corpus import make_unsloth_corpus, write_trl_corpus
from validator.models.families import LATER_TOKENS

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 160))
GOLDEN = Path(__file__).with_name("golden_unsloth.json")
"""What unsloth_zoo 2026.10.9 said of the corpus of a seed; MMVALIDATE_UNSLOTH=write has it asked again."""


def test_recorded_answers(tmp_path, monkeypatch):
    seed, rows = 1, 200
    corpus = make_unsloth_corpus(seed, rows)
    files = write_trl_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    if os.environ.get("MMVALIDATE_UNSLOTH") == "write":
        GOLDEN.write_text(json.dumps(ask("unsloth", "judge_unsloth", {"files": files}, tmp_path), indent=0) + "\n")
    statuses, differing = compare("unsloth", corpus, files, json.loads(GOLDEN.read_text()))
    assert differing == []
    assert statuses["ok"] > 0.4 * rows and statuses["error"]


@pytest.mark.parametrize("tokens", [(), tuple(LATER_TOKENS)], ids=["qwen2-vl", "qwen2.5-vl"])
@needs_trainer("unsloth")
def test_fresh_random_rows(tokens, tmp_path, monkeypatch):
    corpus = make_unsloth_corpus(SEED, ROWS)
    files = write_trl_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    theirs = ask("unsloth", "judge_unsloth", {"files": files, "tokens": tokens}, tmp_path)
    processor = {"processor": "qwen2.5-vl"} if tokens else {}
    statuses, differing = compare("unsloth", corpus, files, theirs, **processor)
    print(f"unsloth {tokens and 'qwen2.5-vl'}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.3 * ROWS and statuses["error"] and statuses["unchecked"] < 0.4 * ROWS
