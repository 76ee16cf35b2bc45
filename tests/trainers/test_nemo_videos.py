"""Videos under NeMo AutoModel, read by decord: random rows are equal."""

import json
import os
from pathlib import Path

import pytest

from tests.environments import needs_trainer, trainer_home
from tests.trainers.compare import PROCESSORS, TOKENS, ask
from tests.trainers.nemo_corpus import write_nemo_corpus
from tests.trainers.nemo_films import make_nemo_films
from tests.trainers.own import ROWS, SEED, compare

GOLDEN = Path(__file__).with_name("golden_nemo_videos.json")
"""What nemo-automodel 0.7.0 said of the corpus of a seed; MMVALIDATE_NEMO=write has it asked again."""


def test_recorded_answers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus = make_nemo_films(1, 48, tmp_path)
    files = write_nemo_corpus(corpus, tmp_path)
    if os.environ.get("MMVALIDATE_NEMO") == "write":
        GOLDEN.write_text(json.dumps(_ask("qwen2-vl", files, tmp_path), indent=0) + "\n")
    statuses, differing = compare("nemo-automodel", corpus, files, json.loads(GOLDEN.read_text()))
    assert differing == []
    assert statuses["ok"] > 20 and statuses["dropped"] and statuses["error"]


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen2.5-vl"])
@needs_trainer("nemo-automodel-videos")
@needs_trainer("hf")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus = make_nemo_films(SEED, ROWS, tmp_path)
    files = write_nemo_corpus(corpus, tmp_path)
    theirs = _ask(model, files, tmp_path)
    statuses, differing = compare("nemo-automodel", corpus, files, theirs, processor=PROCESSORS[model])
    print(f"nemo-automodel videos {model}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.3 * ROWS and statuses["dropped"]


def _ask(model, files, folder):
    (template,) = trainer_home("hf").glob("lib/python3*/site-packages/trl/chat_templates/qwen2_5_vl.jinja")
    given = {"files": files, "tokens": TOKENS[model], "model": model, "template": str(template.absolute())}
    return ask("nemo-automodel-videos", "judge_nemo", given, folder)
