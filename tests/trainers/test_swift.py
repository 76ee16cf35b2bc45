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

pytestmark = needs_trainer("ms-swift")
SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 160))
COMPARED = ("status", "len", "labels", "image_tokens", "sha")


@pytest.mark.parametrize("model", TOKENS)
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    """Rows that we leave unchecked (URLs, videos ...) are left out, and are few."""
    corpus = make_swift_corpus(SEED, ROWS)
    tokens = TOKENS[model]
    if tokens:
        spread(corpus, tokens, model)
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    given = {"corpus": corpus, "folder": str(tmp_path), "tokens": tokens, "model": model}
    theirs = ask("ms-swift", "judge_swift", given, tmp_path)
    answers, differing, statuses = our_answers(registry, corpus), [], Counter()
    for spec in corpus["entries"]:
        ours, others = answers[spec["name"]], theirs[spec["name"]]
        for row, (mine, other) in enumerate(zip(ours, others, strict=True)):
            statuses[mine["status"]] += 1
            if mine["status"] != "unchecked" and any(mine.get(key) != other.get(key) for key in COMPARED):
                given = str(spec["rows"][row])[:1500]
                differing.append(f"{spec['layout']} row {row}: ours {mine}, theirs {other}\n  {given}")
    print(f"ms-swift {model}: {statuses.total() - statuses['unchecked']} rows compared, {dict(statuses)}")
    assert statuses["ok"] > 0.3 * ROWS and statuses["dropped"] and statuses["unchecked"] < 0.1 * ROWS
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
