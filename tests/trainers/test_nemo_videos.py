"""Videos under NeMo AutoModel, read by decord: random rows are equal."""

import pytest

from tests.environments import needs_trainer
from tests.trainers.nemo_corpus import write_nemo_corpus
from tests.trainers.nemo_films import make_nemo_films
from tests.trainers.own import ROWS, Judged, of_films

FILMS = Judged(
    "nemo-automodel",
    "nemo-automodel-videos",
    of_films(make_nemo_films),
    "nemo",
    write_nemo_corpus,
    template=True,
    answers="nemo_videos",
)


def test_recorded_answers(tmp_path, monkeypatch):
    """Of nemo-automodel 0.7.0."""
    monkeypatch.chdir(tmp_path)
    statuses = FILMS.recorded("qwen2-vl", 48)
    assert statuses["ok"] > 20 and statuses["dropped"] and statuses["error"]


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen2.5-vl"])
@needs_trainer("nemo-automodel-videos")
@needs_trainer("hf")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    statuses = FILMS.fresh(model)
    assert statuses["ok"] > 0.3 * ROWS and statuses["dropped"]
