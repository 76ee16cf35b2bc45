"""Videos under TRL, read by torchcodec: random rows are equal."""

import pytest

from tests.environments import needs_trainer
from tests.trainers.compare import TOKENS, ask
from tests.trainers.film_corpus import make_film_corpus, write_film_corpus
from tests.trainers.own import ROWS, SEED, Judged, compare, of_films
from tests.trainers.trl_thoughts import MODELS, folder_of

FILMS = Judged("trl", "hf-videos", of_films(make_film_corpus), "trl", write_film_corpus, answers="trl_videos")


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen3-vl"])
def test_recorded_answers(model, tmp_path, monkeypatch):
    """Of TRL 1.16.0."""
    monkeypatch.chdir(tmp_path)
    statuses = FILMS.recorded(model, 48)
    assert statuses["ok"] > 19 and statuses["error"]


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("hf-videos")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    statuses = FILMS.fresh(model)
    assert statuses["ok"] > 0.3 * ROWS and statuses["error"]


@pytest.mark.parametrize("model", MODELS)
@needs_trainer("hf-videos")
def test_fresh_random_rows_of_models_that_think(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus = make_film_corpus(SEED, ROWS, tmp_path)
    files = write_film_corpus(corpus, tmp_path)
    processor = folder_of(model, tmp_path, monkeypatch)
    given = {"files": files, "model": model, "folder_of_model": processor}
    statuses, differing = compare(
        "trl", corpus, files, ask("hf-videos", "judge_trl", given, tmp_path), processor=processor
    )
    print(f"trl {model}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.2 * ROWS and statuses["error"]
