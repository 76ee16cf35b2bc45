"""Videos under TRL, read by torchcodec: random rows are equal."""

import os
import random

import pytest

from tests.environments import needs_trainer
from tests.trainers.compare import PROCESSORS, TOKENS, ask
from tests.trainers.film_corpus import make_film_corpus, write_film_corpus
from tests.trainers.own import compare

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 60))


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("hf-videos")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    corpus = make_film_corpus(SEED, ROWS, tmp_path)
    files = write_film_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    theirs = ask("hf-videos", "judge_trl", {"files": files, "tokens": TOKENS[model], "model": model}, tmp_path)
    statuses, differing = compare("trl", corpus, files, theirs, processor=PROCESSORS[model])
    print(f"trl {model}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.3 * ROWS and statuses["error"]
