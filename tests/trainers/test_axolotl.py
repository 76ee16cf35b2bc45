"""axolotl's collator of multimodal data, asked about fresh random files: all answers equal."""

import pytest

from tests.environments import needs_trainer
from tests.trainers.axolotl_corpus import make_axolotl_corpus
from tests.trainers.compare import TOKENS
from tests.trainers.own import ROWS, Judged

AXOLOTL = Judged("axolotl", "axolotl", make_axolotl_corpus, "axolotl")


def learned_whole(seed, rows):
    corpus = make_axolotl_corpus(seed, rows)
    for file in corpus["files"].values():
        file["settings"]["train_on_prompt"] = True
    return corpus


ON_INPUTS = Judged("axolotl", "axolotl", learned_whole, "axolotl")


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
    assert statuses["ok"] > 0.45 * ROWS and statuses["error"] and statuses["unchecked"] < 0.4 * ROWS


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("axolotl")
def test_fresh_random_rows_that_are_learned_whole(model, tmp_path, monkeypatch):
    """`train_on_inputs: true`."""
    monkeypatch.chdir(tmp_path)
    statuses = ON_INPUTS.fresh(model)
    assert statuses["ok"] > 0.45 * ROWS and statuses["error"]
