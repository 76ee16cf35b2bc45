"""Videos under LLaMA-Factory v1, read by torchcodec: random rows are equal."""

import json
import os
from pathlib import Path

import pytest

from tests.environments import needs_trainer, trainer_home
from tests.trainers.compare import PROCESSORS, TOKENS, ask
from tests.trainers.own import ROWS, SEED, compare
from tests.trainers.v1_corpus import write_v1_corpus
from tests.trainers.v1_films import make_v1_films

GOLDEN = Path(__file__).with_name("golden_v1_videos.json")
"""What llamafactory-kt 0.9.6.dev0 said of the corpus of a seed; MMVALIDATE_V1=write has it asked again."""


def test_recorded_answers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus = make_v1_films(1, 48, tmp_path)
    files = write_v1_corpus(corpus, tmp_path)
    if os.environ.get("MMVALIDATE_V1") == "write":
        GOLDEN.write_text(json.dumps(_ask("qwen2-vl", files, tmp_path), indent=0) + "\n")
    statuses, differing = compare("llamafactory-v1", corpus, files, json.loads(GOLDEN.read_text()))
    assert differing == []
    assert statuses["ok"] > 20 and statuses["error"]


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen2.5-vl"])
@needs_trainer("llamafactory-main-videos")
@needs_trainer("hf")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus = make_v1_films(SEED, ROWS, tmp_path)
    files = write_v1_corpus(corpus, tmp_path)
    theirs = _ask(model, files, tmp_path)
    statuses, differing = compare("llamafactory-v1", corpus, files, theirs, processor=PROCESSORS[model])
    print(f"llamafactory-v1 videos {model}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.3 * ROWS and statuses["error"]


def _ask(model, files, folder):
    (template,) = trainer_home("hf").glob("lib/python3*/site-packages/trl/chat_templates/qwen2_5_vl.jinja")
    given = {"files": files, "tokens": TOKENS[model], "model": model, "template": str(template.absolute())}
    return ask("llamafactory-main-videos", "judge_v1", given, folder)
