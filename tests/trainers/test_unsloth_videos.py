"""Videos under unsloth, read by decord: random rows are equal."""

import pytest

from tests.environments import needs_trainer
from tests.trainers.compare import TOKENS
from tests.trainers.film_corpus import make_unsloth_films, write_film_corpus
from tests.trainers.own import ROWS, Judged, of_films

FILMS = Judged(
    "unsloth", "unsloth-videos", of_films(make_unsloth_films), "unsloth", write_film_corpus, answers="unsloth_videos"
)


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen3-vl"])
def test_recorded_answers(model, tmp_path, monkeypatch):
    """Of unsloth_zoo 2026.10.9."""
    monkeypatch.chdir(tmp_path)
    statuses = FILMS.recorded(model, 48)
    assert statuses["ok"] > 14 and statuses["error"]


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("unsloth-videos")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert FILMS.fresh(model)["ok"] > 0.1 * ROWS
