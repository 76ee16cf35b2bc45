"""Videos under axolotl, read by torchcodec: random rows are equal."""

import os
import random

import pytest

from tests.environments import needs_trainer
from tests.trainers.compare import PROCESSORS, TOKENS, ask
from tests.trainers.film_corpus import make_axolotl_films, write_film_corpus
from tests.trainers.own import compare

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 60))


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("axolotl-videos")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    corpus = make_axolotl_films(SEED, ROWS, tmp_path)
    files = write_film_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    theirs = ask("axolotl-videos", "judge_axolotl", {"files": files, "tokens": TOKENS[model], "model": model}, tmp_path)
    statuses, differing = compare("axolotl", corpus, files, theirs, processor=PROCESSORS[model])
    print(f"axolotl {model}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.3 * ROWS
