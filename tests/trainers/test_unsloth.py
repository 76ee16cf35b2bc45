"""unsloth's vision collator, asked about fresh random files: all answers equal."""

import pytest

from tests.environments import needs_trainer
from tests.trainers.compare import TOKENS
from tests.trainers.own import ROWS, Judged
from tests.trainers.trl_corpus import make_answers_corpus, make_unsloth_corpus

ANSWERS = Judged("unsloth", "unsloth", make_answers_corpus, "unsloth", answers="unsloth_answers", calls=True)
UNSLOTH = Judged("unsloth", "unsloth", make_unsloth_corpus, "unsloth", calls=True)


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen3-vl"])
def test_recorded_answers(model, tmp_path, monkeypatch):
    """Of unsloth_zoo 2026.10.9."""
    monkeypatch.chdir(tmp_path)
    statuses = UNSLOTH.recorded(model, 200)
    assert statuses["ok"] > 70 and statuses["error"]


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen3-vl"])
def test_recorded_answers_alone_are_learned(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    statuses = ANSWERS.recorded(model, 200)
    assert statuses["ok"] > 70 and statuses["error"]


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("unsloth")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    statuses = UNSLOTH.fresh(model)
    assert statuses["ok"] > 0.3 * ROWS and statuses["error"] and statuses["unchecked"] < 0.4 * ROWS


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("unsloth")
def test_fresh_random_rows_of_which_answers_are_learned(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    statuses = ANSWERS.fresh(model)
    assert statuses["ok"] > 0.3 * ROWS and statuses["unchecked"] < 0.4 * ROWS
