"""Videos under LLaMA-Factory v1, read by torchcodec: random rows are equal."""

import pytest

from tests.environments import needs_trainer
from tests.trainers.own import ROWS, Judged, of_films
from tests.trainers.v1_corpus import write_v1_corpus
from tests.trainers.v1_films import make_v1_films

FILMS = Judged(
    "llamafactory-v1",
    "llamafactory-main-videos",
    of_films(make_v1_films),
    "v1",
    write_v1_corpus,
    template=True,
    answers="v1_videos",
)


def test_recorded_answers(tmp_path, monkeypatch):
    """Of llamafactory-kt 0.9.6.dev0."""
    monkeypatch.chdir(tmp_path)
    statuses = FILMS.recorded("qwen2-vl", 48)
    assert statuses["ok"] > 20 and statuses["error"]


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen2.5-vl"])
@needs_trainer("llamafactory-main-videos")
@needs_trainer("hf")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    statuses = FILMS.fresh(model)
    assert statuses["ok"] > 0.3 * ROWS and statuses["error"]
