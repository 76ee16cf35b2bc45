"""NeMo AutoModel, asked about fresh random files: all answers equal."""

import pytest

from tests.environments import needs_trainer
from tests.trainers.nemo_corpus import make_nemo_corpus, write_nemo_corpus
from tests.trainers.own import ROWS, Judged

NEMO = Judged("nemo-automodel", "nemo-automodel", make_nemo_corpus, "nemo", write_nemo_corpus, template=True)


def test_recorded_answers(tmp_path, monkeypatch):
    """Of nemo-automodel 0.7.0."""
    monkeypatch.chdir(tmp_path)
    statuses = NEMO.recorded("qwen2-vl", 200)
    assert statuses["ok"] > 80 and statuses["error"] and statuses["dropped"]


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen2.5-vl"])
@needs_trainer("nemo-automodel")
@needs_trainer("hf")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    statuses = NEMO.fresh(model)
    assert statuses["ok"] > 0.3 * ROWS and statuses["error"] and statuses["unchecked"] < 0.2 * ROWS
