"""Profiles on transformers' own processor, asked about fresh random rows: all answers equal.

`hf`: TRL's collator. `qwen-vl-utils`: its image loading, with the messages and labels of Qwen's own fine-tuning.
"""

import os
import random

import pytest

from tests.environments import needs_trainer
from tests.oracle.compare import our_answers
from tests.oracle.corpus import make_corpus, write_corpus
from tests.trainers.compare import TOKENS, ask, spread

pytestmark = needs_trainer("hf")
SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 120))
LIMITS = ("cutoff_len", "image_max_pixels", "image_min_pixels")
COMPARED = ("status", "len", "labels", "image_tokens", "sha")


@pytest.mark.parametrize(
    ("trainer", "judge", "least", "model"),
    [
        *(("hf", "judge_hf", 0.9, model) for model in TOKENS),
        *(("qwen-vl-utils", "judge_qwen", 0.5, model) for model in ("qwen2-vl", "qwen2.5-vl")),
    ],
)
def test_fresh_random_rows(trainer, judge, least, model, tmp_path, monkeypatch):
    """A row whose image tokens are cut stops TRL in the collator; ours is accepted, and then an error finding.

    Rows that we leave unchecked (control tokens in Qwen's, URLs) are left out, and are no more than they should be.
    """
    corpus = make_corpus(SEED, ROWS)
    for entry in corpus["entries"]:
        entry["settings"] = {name: entry["settings"][name] for name in LIMITS} | {"trainer": trainer}
    tokens = TOKENS[model]
    if tokens:
        spread(corpus, tokens, model)
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    given = {"corpus": corpus, "folder": str(tmp_path), "tokens": tokens, "model": model}
    theirs = ask("hf", judge, given, tmp_path)
    ours = our_answers(registry, corpus)
    differing, compared = [], 0
    for name, answers in theirs.items():
        for row, (mine, other) in enumerate(zip(ours[name], answers, strict=True)):
            if mine["status"] == "unchecked":
                continue
            compared += 1
            if mine.get("image_cut") and "Mismatch in `image` token count" in other.get("message", ""):
                continue
            if any(mine.get(key) != other.get(key) for key in COMPARED):
                differing.append(f"{name} row {row}: ours {mine}, theirs {other}")
    print(f"{trainer} {model}: {compared} rows compared")
    assert compared > least * ROWS
    assert differing == [], f"MMVALIDATE_SEED={SEED}"
