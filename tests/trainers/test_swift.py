"""ms-swift, asked about random rows in all layouts that it reads, and with thoughts: all answers equal."""

import os
import random

import pytest

from tests.environments import needs_trainer
from tests.oracle.corpus import write_corpus
from tests.trainers.compare import TOKENS, spread
from tests.trainers.swift_corpus import make_swift_corpus
from tests.trainers.swift_models import MODELS, answers, compare, fed_as, recorded
from tests.trainers.swift_thoughts import make_swift_thoughts
from validator.models.families import LATER_TOKENS, LATEST_TOKENS

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 160))


@needs_trainer("ms-swift")
@pytest.mark.parametrize("model", MODELS)
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    """Rows that we leave unchecked (URLs ...) are left out, and are few."""
    asked, processor = fed_as(model, tmp_path)
    corpus = make_swift_corpus(SEED, ROWS)
    if tokens := TOKENS.get(model, LATER_TOKENS + LATEST_TOKENS):
        spread(corpus, tokens, processor)
    _compare_fresh(corpus, asked, tmp_path, monkeypatch)


@needs_trainer("ms-swift")
@pytest.mark.parametrize("model", ["qwen3-vl", "qwen3.5", "qwen3.8"])
def test_rows_with_thoughts(model, tmp_path, monkeypatch):
    """Whole and broken ones, in any turn, with tools and calls."""
    asked, processor = fed_as(model, tmp_path)
    _compare_fresh(make_swift_thoughts(SEED, ROWS, processor=processor), asked, tmp_path, monkeypatch)


def _compare_fresh(corpus, asked, folder, monkeypatch):
    registry = write_corpus(corpus, folder)
    monkeypatch.chdir(folder)
    statuses, differing = compare(corpus, answers(corpus, asked, folder), registry)
    print(f"ms-swift {asked['model']}: {statuses.total() - statuses['unchecked']} rows compared, {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.3 * ROWS and statuses["dropped"] and statuses["unchecked"] < 0.1 * ROWS


@pytest.mark.parametrize("model", ["qwen3-vl", "qwen3.5"])
def test_recorded_answers(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked, processor = fed_as(model, tmp_path)
    corpus = make_swift_thoughts(1, 120, processor=processor)
    registry = write_corpus(corpus, tmp_path)
    statuses, differing = compare(corpus, recorded(f"{model}, thoughts", corpus, asked, tmp_path), registry)
    assert differing == []
    assert statuses["ok"] > 0.3 * statuses.total() and statuses["dropped"]
