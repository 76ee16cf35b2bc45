"""LLaMA-Factory v1, asked about fresh random files: all answers equal."""

import json
import os
import random
from pathlib import Path

import pytest

from tests.environments import needs_trainer, trainer_home
from tests.trainers.compare import ask
from tests.trainers.own import compare
from tests.trainers.v1_corpus import make_v1_corpus, write_v1_corpus
from validator.models.families import LATER_TOKENS

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 160))
GOLDEN = Path(__file__).with_name("golden_v1.json")
"""What llamafactory-kt 0.9.6.dev0 said of the corpus of a seed; MMVALIDATE_V1=write has it asked again."""


def answers(files, folder, tokens=()):
    """What the trainer says. The template is the published one, which TRL carries."""
    (template,) = trainer_home("hf").glob("lib/python3*/site-packages/trl/chat_templates/qwen2_5_vl.jinja")
    given = {"files": files, "tokens": tokens, "template": str(template.absolute())}
    return ask("llamafactory-main", "judge_v1", given, folder)


def test_recorded_answers(tmp_path, monkeypatch):
    seed, rows = 1, 200
    corpus = make_v1_corpus(seed, rows)
    files = write_v1_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    if os.environ.get("MMVALIDATE_V1") == "write":
        GOLDEN.write_text(json.dumps(answers(files, tmp_path), indent=0) + "\n")
    statuses, differing = compare("llamafactory-v1", corpus, files, json.loads(GOLDEN.read_text()))
    assert differing == []
    assert statuses["ok"] > 0.4 * rows and statuses["error"] and statuses["dropped"]


@pytest.mark.parametrize("tokens", [(), tuple(LATER_TOKENS)], ids=["qwen2-vl", "qwen2.5-vl"])
@needs_trainer("llamafactory-main")
@needs_trainer("hf")
def test_fresh_random_rows(tokens, tmp_path, monkeypatch):
    corpus = make_v1_corpus(SEED, ROWS)
    files = write_v1_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    processor = {"processor": "qwen2.5-vl"} if tokens else {}
    theirs = answers(files, tmp_path, tokens)
    statuses, differing = compare("llamafactory-v1", corpus, files, theirs, **processor)
    print(f"llamafactory-v1 {tokens and 'qwen2.5-vl'}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.3 * ROWS and statuses["error"] and statuses["unchecked"] < 0.2 * ROWS
