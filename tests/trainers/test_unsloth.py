"""unsloth's vision collator, asked about fresh random files: all answers equal."""

import json
import os
import random
from pathlib import Path

import pytest

from tests.environments import needs_trainer
from tests.trainers.compare import PROCESSORS, TOKENS, ask
from tests.trainers.own import compare
from tests.trainers.trl_corpus import add_calls, make_unsloth_corpus, write_trl_corpus

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 160))
GOLDEN = Path(__file__).with_name("golden_unsloth.json")
"""What unsloth_zoo 2026.10.9 said of the corpus of a seed; MMVALIDATE_UNSLOTH=write has it asked again."""


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen3-vl"])
def test_recorded_answers(model, tmp_path, monkeypatch):
    seed, rows = 1, 200
    corpus, files = _corpus(model, seed, rows, tmp_path)
    monkeypatch.chdir(tmp_path)
    known = json.loads(GOLDEN.read_text())
    if os.environ.get("MMVALIDATE_UNSLOTH") == "write":
        known[model] = _ask(model, files, tmp_path)
        GOLDEN.write_text(json.dumps(known, indent=0) + "\n")
    statuses, differing = compare("unsloth", corpus, files, known[model], processor=PROCESSORS[model])
    assert differing == []
    assert statuses["ok"] > 0.35 * rows and statuses["error"]


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("unsloth")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    corpus, files = _corpus(model, SEED, ROWS, tmp_path)
    monkeypatch.chdir(tmp_path)
    statuses, differing = compare("unsloth", corpus, files, _ask(model, files, tmp_path), processor=PROCESSORS[model])
    print(f"unsloth {model}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.3 * ROWS and statuses["error"] and statuses["unchecked"] < 0.4 * ROWS


def _corpus(model, seed, rows, folder):
    corpus = make_unsloth_corpus(seed, rows)
    if model == "qwen3-vl":
        add_calls(corpus, seed)
    return corpus, write_trl_corpus(corpus, folder)


def _ask(model, files, folder):
    return ask("unsloth", "judge_unsloth", {"files": files, "tokens": TOKENS[model], "model": model}, folder)
