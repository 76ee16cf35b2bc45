"""ms-swift, asked about fresh random rows in all layouts that it reads: all answers equal."""

import os
import random
from collections import Counter

import pytest

from tests.environments import needs_trainer
from tests.oracle.compare import our_answers
from tests.oracle.corpus import write_corpus
from tests.trainers.compare import TOKENS, ask, spread
from tests.trainers.swift_corpus import make_swift_corpus
from tests.trainers.swift_models import MODELS, fed_as
from tests.trainers.swift_thoughts import make_swift_thoughts
from validator.models.families import LATER_TOKENS, LATEST_TOKENS

pytestmark = needs_trainer("ms-swift")
SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 160))
COMPARED = ("status", "len", "labels", "image_tokens", "sha")


@pytest.mark.parametrize("model", MODELS)
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    """Rows that we leave unchecked (URLs ...) are left out, and are few."""
    asked, processor = fed_as(model, tmp_path)
    corpus = make_swift_corpus(SEED, ROWS)
    if tokens := TOKENS.get(model, LATER_TOKENS + LATEST_TOKENS):
        spread(corpus, tokens, processor)
    compare(corpus, asked, tmp_path, monkeypatch)


@pytest.mark.parametrize("model", ["qwen3-vl", "qwen3.5", "qwen3.8"])
def test_rows_with_thoughts(model, tmp_path, monkeypatch):
    """Whole and broken ones, in any turn, with tools and calls."""
    asked, processor = fed_as(model, tmp_path)
    compare(make_swift_thoughts(SEED, ROWS, processor=processor), asked, tmp_path, monkeypatch)


def compare(corpus, asked, tmp_path, monkeypatch):
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    given = {"corpus": corpus, "folder": str(tmp_path), **asked}
    theirs = ask("ms-swift", "judge_swift", given, tmp_path)
    answers, differing, statuses = our_answers(registry, corpus), [], Counter()
    for spec in corpus["entries"]:
        ours, others = answers[spec["name"]], theirs[spec["name"]]
        for row, (mine, other) in enumerate(zip(ours, others, strict=True)):
            statuses[mine["status"]] += 1
            if mine["status"] != "unchecked" and any(mine.get(key) != other.get(key) for key in COMPARED):
                given = str(spec["rows"][row])[:1500]
                differing.append(f"{spec['name']} row {row}: ours {mine}, theirs {other}\n  {given}")
    print(f"ms-swift {asked['model']}: {statuses.total() - statuses['unchecked']} rows compared, {dict(statuses)}")
    assert statuses["ok"] > 0.3 * ROWS and statuses["dropped"] and statuses["unchecked"] < 0.1 * ROWS
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
