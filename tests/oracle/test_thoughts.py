"""Templates of models that think, asked about rows with thoughts: what was recorded, and fresh rows; all equal."""

import json
import os
import random

import pytest

from tests import judges
from tests.environments import VOCABULARY, needs_oracle, needs_trainer, trainer_home
from tests.oracle.compare import GOLDEN, differences, oracle_answers, our_answers
from tests.oracle.corpus import write_corpus
from tests.oracle.thoughts import fed_as, make_thoughts, set_up
from validator.models.families import REPRODUCED

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 240))
RECORDED = json.loads((GOLDEN / "thoughts.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("template", RECORDED["answers"])
def test_equal_to_the_trainer(template, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    registry = write_corpus(RECORDED["corpus"], tmp_path)
    corpus = set_up(RECORDED["corpus"], **fed_as(template, tmp_path)[1])
    assert differences(our_answers(registry, corpus), RECORDED["answers"][template]) == []


def compare(ours, theirs, name):
    statuses = [answer["status"] for answers in theirs.values() for answer in answers]
    print(f"{name}: {len(statuses)} rows compared, {statuses.count('ok')} of them are fed")
    assert {"ok", "dropped", "error"} == set(statuses)
    assert differences(ours, theirs) == [], f"MMVALIDATE_SEED={SEED}"


@needs_oracle
@pytest.mark.parametrize("template", REPRODUCED)
def test_fresh_random_rows(template, tmp_path, monkeypatch):
    """Of a folder, tokenizer and processor are those that the trainer loads."""
    corpus = make_thoughts(SEED, ROWS)
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    asked, settings = fed_as(template, tmp_path)
    theirs = oracle_answers(corpus, tmp_path, **asked)
    compare(our_answers(registry, set_up(corpus, **settings)), theirs, template)


@needs_trainer("llamafactory-0.9.4")
def test_the_release_before(tmp_path, monkeypatch):
    """It has no preserve_thinking, and mask_history takes no thoughts."""
    corpus = make_thoughts(SEED, ROWS, preserves=False)
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    asked, settings = fed_as("qwen3_vl", tmp_path)
    given, home = {"corpus": corpus, "folder": str(tmp_path), **asked}, trainer_home("llamafactory-0.9.4")
    theirs = judges.ask(home, "tests.oracle.judge", VOCABULARY, "rows", given=given, cwd=tmp_path)
    corpus = set_up(corpus, **settings, trainer="llamafactory@0.9.4")
    compare(our_answers(registry, corpus), theirs, "llamafactory@0.9.4 qwen3_vl")
