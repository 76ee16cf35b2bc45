"""axolotl's collator of multimodal data, asked about fresh random files: all answers equal."""

import pytest

from tests.environments import needs_trainer
from tests.trainers.axolotl_corpus import make_axolotl_corpus
from tests.trainers.compare import TOKENS
from tests.trainers.own import ROWS, Judged

AXOLOTL = Judged("axolotl", "axolotl", make_axolotl_corpus, "axolotl")


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen3-vl"])
def test_recorded_answers(model, tmp_path, monkeypatch):
    """Of axolotl 0.19.0."""
    monkeypatch.chdir(tmp_path)
    statuses = AXOLOTL.recorded(model, 200)
    assert statuses["ok"] > 100 and statuses["error"]


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("axolotl")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    statuses = AXOLOTL.fresh(model)
    assert statuses["ok"] > 0.5 * ROWS and statuses["error"] and statuses["unchecked"] < 0.2 * ROWS
