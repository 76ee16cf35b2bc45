"""NeMo AutoModel, asked about fresh random files: all answers equal."""

import json
import os
import random
from pathlib import Path

import pytest

from tests.environments import needs_trainer, trainer_home
from tests.trainers.compare import ask
from tests.trainers.nemo_corpus import make_nemo_corpus, write_nemo_corpus
from tests.trainers.own import compare
from validator.models.families import LATER_TOKENS

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 160))
GOLDEN = Path(__file__).with_name("golden_nemo.json")
"""What nemo-automodel 0.7.0 said of the corpus of a seed; MMVALIDATE_NEMO=write has it asked again."""


def answers(files, folder, tokens=()):
    """What the trainer says. The template is the published one, which TRL carries."""
    (template,) = trainer_home("hf").glob("lib/python3*/site-packages/trl/chat_templates/qwen2_5_vl.jinja")
    given = {"files": files, "tokens": tokens, "template": str(template.absolute())}
    return ask("nemo-automodel", "judge_nemo", given, folder)


def test_recorded_answers(tmp_path, monkeypatch):
    seed, rows = 1, 200
    corpus = make_nemo_corpus(seed, rows)
    files = write_nemo_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    if os.environ.get("MMVALIDATE_NEMO") == "write":
        GOLDEN.write_text(json.dumps(answers(files, tmp_path), indent=0) + "\n")
    statuses, differing = compare("nemo-automodel", corpus, files, json.loads(GOLDEN.read_text()))
    assert differing == []
    assert statuses["ok"] > 0.4 * rows and statuses["error"] and statuses["dropped"]


@pytest.mark.parametrize("tokens", [(), tuple(LATER_TOKENS)], ids=["qwen2-vl", "qwen2.5-vl"])
@needs_trainer("nemo-automodel")
@needs_trainer("hf")
def test_fresh_random_rows(tokens, tmp_path, monkeypatch):
    corpus = make_nemo_corpus(SEED, ROWS)
    files = write_nemo_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    processor = {"processor": "qwen2.5-vl"} if tokens else {}
    theirs = answers(files, tmp_path, tokens)
    statuses, differing = compare("nemo-automodel", corpus, files, theirs, **processor)
    print(f"nemo-automodel {tokens and 'qwen2.5-vl'}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.3 * ROWS and statuses["error"] and statuses["unchecked"] < 0.2 * ROWS
