"""Videos under axolotl, read by torchcodec: random rows are equal."""

import pytest

from tests.environments import needs_trainer
from tests.trainers.compare import TOKENS
from tests.trainers.film_corpus import make_axolotl_films, write_film_corpus
from tests.trainers.own import ROWS, Judged, of_films

FILMS = Judged("axolotl", "axolotl-videos", of_films(make_axolotl_films), "axolotl", write_film_corpus)


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("axolotl-videos")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert FILMS.fresh(model)["ok"] > 0.3 * ROWS
