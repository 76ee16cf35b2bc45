"""LLaMA-Factory v1, asked about fresh random files: all answers equal."""

import pytest

from tests.environments import needs_trainer
from tests.trainers.own import ROWS, Judged
from tests.trainers.v1_corpus import make_v1_corpus, write_v1_corpus

V1 = Judged("llamafactory-v1", "llamafactory-main", make_v1_corpus, "v1", write_v1_corpus, template=True)


def test_recorded_answers(tmp_path, monkeypatch):
    """Of llamafactory-kt 0.9.6.dev0."""
    monkeypatch.chdir(tmp_path)
    statuses = V1.recorded("qwen2-vl", 200)
    assert statuses["ok"] > 80 and statuses["error"] and statuses["dropped"]


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen2.5-vl"])
@needs_trainer("llamafactory-main")
@needs_trainer("hf")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    statuses = V1.fresh(model)
    assert statuses["ok"] > 0.3 * ROWS and statuses["error"] and statuses["unchecked"] < 0.2 * ROWS
