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
from tests.oracle.videos import make_timed_corpus
from validator.models.families import REPRODUCED
from validator.tokens.known_templates import known_templates

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


def both(corpus, registry, template, release):
    """(our answers, those of a release in its own environment) about a written corpus."""
    asked, settings = fed_as(template, registry.parent)
    given, home = {"corpus": corpus, "folder": str(registry.parent), **asked}, trainer_home(f"llamafactory-{release}")
    theirs = judges.ask(home, "tests.oracle.judge", VOCABULARY, "rows", given=given, cwd=registry.parent)
    return our_answers(registry, set_up(corpus, **settings, trainer=f"llamafactory@{release}")), theirs


@needs_oracle
@pytest.mark.parametrize("template", [name for name in REPRODUCED if name in known_templates()])
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
    compare(*both(corpus, registry, "qwen3_vl", "0.9.4"), "llamafactory@0.9.4 qwen3_vl")


@needs_trainer("llamafactory-main")
@pytest.mark.parametrize("template", REPRODUCED)
def test_main(template, tmp_path, monkeypatch):
    """The build that `./scripts/trainers` pins."""
    corpus = make_thoughts(SEED, ROWS, efforts=True)
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    compare(*both(corpus, registry, template, "main"), f"llamafactory@main {template}")


@needs_trainer("llamafactory-main")
@pytest.mark.parametrize("template", ["qwen3_vl_nothink", "qwen3_8"])
def test_videos_under_main(template, tmp_path, monkeypatch):
    """Each video is written with its own frames and times."""
    corpus = make_timed_corpus(tmp_path, SEED, ROWS // 4, cutoff_len=8192)
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    ours, theirs = both(corpus, registry, template, "main")
    assert differences(ours, theirs) == [], f"MMVALIDATE_SEED={SEED}"
