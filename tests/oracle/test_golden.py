"""A fixed corpus and what the real trainer said of it: exactness without the trainer's environment."""

import json

import pytest

from tests.oracle.compare import GOLDEN, differences, our_answers
from tests.oracle.corpus import write_corpus


@pytest.fixture(scope="module")
def golden():
    return tuple(json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8")) for name in ("corpus", "answers"))


def test_equal_to_the_trainer(golden, tmp_path, monkeypatch):
    corpus, answers = golden
    monkeypatch.chdir(tmp_path)
    registry = write_corpus(corpus, tmp_path)
    assert differences(our_answers(registry, corpus), answers) == []


def test_the_corpus_tries_everything(golden):
    corpus, answers = golden
    flat = [answer for rows in answers.values() for answer in rows]
    assert {answer["status"] for answer in flat} == {"ok", "dropped", "error"}
    assert {answer.get("error") for answer in flat} >= {
        "ValueError",
        "AttributeError",
        "RuntimeError",
        "FileNotFoundError",
    }
    assert sum(answer.get("image_tokens", 0) > 0 for answer in flat) > 100
    settings = [entry["settings"] for entry in corpus["entries"]]
    for name in ("mask_history", "train_on_prompt"):
        assert {item[name] for item in settings} == {True, False}
    for name in ("cutoff_len", "image_max_pixels", "default_system"):
        assert len({item[name] for item in settings}) > 2
