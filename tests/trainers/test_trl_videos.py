"""Videos under TRL, read by torchcodec: random rows are equal."""

import json
import os
import random
from pathlib import Path

import pytest

from tests.environments import needs_trainer
from tests.trainers.compare import PROCESSORS, TOKENS, ask
from tests.trainers.film_corpus import make_film_corpus, write_film_corpus
from tests.trainers.own import compare
from tests.trainers.trl_thoughts import MODELS, folder_of

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 60))


GOLDEN = Path(__file__).with_name("golden_trl_videos.json")
"""What TRL 1.16.0 said of the corpus of a seed; MMVALIDATE_TRL=write has it asked again."""


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen3-vl"])
def test_recorded_answers(model, tmp_path, monkeypatch):
    seed, rows = 1, 48
    corpus = make_film_corpus(seed, rows, tmp_path)
    files = write_film_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    known = json.loads(GOLDEN.read_text())
    if os.environ.get("MMVALIDATE_TRL") == "write":
        known[model] = _ask(model, files, tmp_path)
        GOLDEN.write_text(json.dumps(known, indent=0) + "\n")
    statuses, differing = compare("trl", corpus, files, known[model], processor=PROCESSORS[model])
    assert differing == []
    assert statuses["ok"] > 0.4 * rows and statuses["error"]


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("hf-videos")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    corpus = make_film_corpus(SEED, ROWS, tmp_path)
    files = write_film_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    theirs = _ask(model, files, tmp_path)
    statuses, differing = compare("trl", corpus, files, theirs, processor=PROCESSORS[model])
    print(f"trl {model}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.3 * ROWS and statuses["error"]


@pytest.mark.parametrize("model", MODELS)
@needs_trainer("hf-videos")
def test_fresh_random_rows_of_models_that_think(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus = make_film_corpus(SEED, ROWS, tmp_path)
    files = write_film_corpus(corpus, tmp_path)
    processor = folder_of(model, tmp_path, monkeypatch)
    given = {"files": files, "model": model, "folder_of_model": processor}
    statuses, differing = compare(
        "trl", corpus, files, ask("hf-videos", "judge_trl", given, tmp_path), processor=processor
    )
    print(f"trl {model}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.2 * ROWS and statuses["error"]


def _ask(model, files, folder):
    return ask("hf-videos", "judge_trl", {"files": files, "tokens": TOKENS[model], "model": model}, folder)
