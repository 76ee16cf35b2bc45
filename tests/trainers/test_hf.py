"""TRL's collator on transformers' processor, asked about fresh random rows: all answers equal."""

import os
import random

from tests.oracle.compare import our_answers
from tests.oracle.corpus import make_corpus, write_corpus
from tests.trainers.compare import ask, needs

pytestmark = needs("hf")
SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 120))
COMPARED = ("status", "len", "labels", "image_tokens", "sha")


def test_fresh_random_rows(tmp_path, monkeypatch):
    """A row whose image tokens are cut stops TRL in the collator; ours is accepted, and then an error finding."""
    corpus = make_corpus(SEED, ROWS)
    for entry in corpus["entries"]:
        settings = entry["settings"]
        entry["settings"] = {name: settings[name] for name in ("cutoff_len", "image_max_pixels", "image_min_pixels")}
        entry["settings"]["trainer"] = "hf"
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    theirs = ask("hf", "judge_hf.py", {"corpus": corpus, "folder": str(tmp_path)}, tmp_path)
    ours = our_answers(registry, corpus)
    differing, compared = [], 0
    for name, answers in theirs.items():
        for row, (mine, other) in enumerate(zip(ours[name], answers, strict=True)):
            if mine["status"] == "unchecked":
                continue
            compared += 1
            if mine.get("image_cut") and other["status"] == "error" and "Mismatch in `image`" in other["message"]:
                continue
            if any(mine.get(key) != other.get(key) for key in COMPARED):
                differing.append(f"{name} row {row}: ours {mine}, TRL's {other}")
    assert compared > 0.9 * ROWS
    assert differing == [], f"MMVALIDATE_SEED={SEED}"
