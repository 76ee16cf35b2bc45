"""TRL's SFTTrainer, asked about fresh random files of its own: all answers equal."""

import pytest

from tests.environments import needs_trainer
from tests.trainers.compare import TOKENS
from tests.trainers.own import ROWS, Judged
from tests.trainers.trl_corpus import make_trl_corpus

TRL = Judged("trl", "hf", make_trl_corpus, "trl", calls=True)


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen3-vl"])
def test_recorded_answers(model, tmp_path, monkeypatch):
    """Of TRL 1.16.0."""
    monkeypatch.chdir(tmp_path)
    statuses = TRL.recorded(model, 160)
    assert statuses["ok"] > 64 and statuses["error"] and statuses["dropped"]


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("hf")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    statuses = TRL.fresh(model)
    assert statuses["ok"] > 0.4 * ROWS and statuses["error"] and statuses["unchecked"] < 0.15 * ROWS
