"""Videos under ms-swift, read by decord, and lists of frames: all answers equal. Damaged videos may end it: none is
there.
"""

import os
import random

import pytest

from tests.environments import needs_trainer
from tests.oracle.corpus import write_corpus
from tests.trainers.swift_models import MODELS, answers, compare, fed_as, recorded
from tests.trainers.swift_videos import make_swift_videos

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 120)) // 2


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen3-vl", "qwen3.5"])
def test_recorded_answers(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked, processor = fed_as(model, tmp_path)
    corpus = make_swift_videos(tmp_path, 1, 84, few=True, processor=processor)
    registry = write_corpus(corpus, tmp_path)
    statuses, differing = compare(corpus, recorded(f"{model}, videos", corpus, asked, tmp_path), registry)
    assert differing == []
    assert statuses["ok"] > 0.4 * statuses.total() and statuses["dropped"]


@needs_trainer("ms-swift")
@pytest.mark.parametrize("model", MODELS)
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked, processor = fed_as(model, tmp_path)
    corpus = make_swift_videos(tmp_path, SEED, ROWS, processor=processor)
    registry = write_corpus(corpus, tmp_path)
    statuses, differing = compare(corpus, answers(corpus, asked, tmp_path), registry)
    print(f"videos under ms-swift {model}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.4 * statuses.total()
