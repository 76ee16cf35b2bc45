"""Videos under unsloth, read by decord: random rows are equal."""

import json
import os
import random
from pathlib import Path

import pytest

from tests.environments import needs_trainer
from tests.trainers.compare import PROCESSORS, TOKENS, ask
from tests.trainers.film_corpus import make_unsloth_films, write_film_corpus
from tests.trainers.own import compare

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 60))
GOLDEN = Path(__file__).with_name("golden_unsloth_videos.json")
"""What unsloth_zoo 2026.10.9 said of the corpus of a seed; MMVALIDATE_UNSLOTH=write has it asked again."""


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen3-vl"])
def test_recorded_answers(model, tmp_path, monkeypatch):
    seed, rows = 1, 48
    corpus = make_unsloth_films(seed, rows, tmp_path)
    files = write_film_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    known = json.loads(GOLDEN.read_text())
    if os.environ.get("MMVALIDATE_UNSLOTH") == "write":
        known[model] = _ask(model, files, tmp_path)
        GOLDEN.write_text(json.dumps(known, indent=0) + "\n")
    statuses, differing = compare("unsloth", corpus, files, known[model], processor=PROCESSORS[model])
    assert differing == []
    assert statuses["ok"] > 0.3 * rows and statuses["error"]


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("unsloth-videos")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    corpus = make_unsloth_films(SEED, ROWS, tmp_path)
    files = write_film_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    theirs = _ask(model, files, tmp_path)
    statuses, differing = compare("unsloth", corpus, files, theirs, processor=PROCESSORS[model])
    print(f"unsloth {model}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.1 * ROWS


def _ask(model, files, folder):
    return ask("unsloth-videos", "judge_unsloth", {"files": files, "tokens": TOKENS[model], "model": model}, folder)
