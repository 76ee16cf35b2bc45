"""TRL's SFTTrainer, asked about fresh random files of its own: all answers equal."""

import json
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.environments import needs_trainer
from tests.oracle.compare import our_answer
from tests.trainers.compare import ask
from tests.trainers.trl_corpus import make_trl_corpus, write_trl_corpus
from validator.catalog.formats import file_rows
from validator.catalog.registry import load_registry
from validator.engine.entries import open_entries
from validator.facts.measure import Measurer
from validator.models.families import LATER_TOKENS
from validator.settings import Settings
from validator.storage.remote import locate

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 160))
GOLDEN = Path(__file__).with_name("golden_trl.json")
"""What TRL 1.16.0 said of the corpus of a seed; MMVALIDATE_TRL=write has it asked again."""
COMPARED = ("status", "len", "labels", "image_tokens", "sha")


def own_answers(file, settings):
    """Our answers to the rows of data alone; None where its loader refuses it."""
    given = Settings(dataset_info=file, trainer="trl", **settings)
    registry = load_registry(locate(given.dataset_info))
    (facts,) = open_entries(registry, given)
    answers = []
    for opened in facts.files:
        if opened.survey is None or opened.survey.refusals:
            return None
        measurer = Measurer(facts.entry, opened.name, opened.survey, given)
        rows = file_rows(locate(opened.within(str(registry.folder))), opened.survey)
        answers += [our_answer(measurer, raw) for raw in rows]
    return answers


def differences(ours, theirs, rows):
    """Rows whose answers differ; a row whose image tokens are cut stops TRL in the collator or in the model."""
    found = []
    for place, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        if mine["status"] == "unchecked":
            continue
        if mine.get("image_cut") and "Mismatch in `image` token count" in other.get("message", ""):
            continue
        if any(mine.get(key) != other.get(key) for key in COMPARED):
            found.append(f"row {place}: ours {mine}, TRL's {other}\n  {str(rows[place])[:1200]}")
    return found


def compare(corpus, files, theirs, **processor):
    """What became of the rows, by status, and the lines of those that differ."""
    differing, statuses = [], Counter()
    for name, file in files.items():
        ours = own_answers(file["file"], file["settings"] | processor)
        if ours is None or isinstance(theirs[name], dict):
            assert ours is None and isinstance(theirs[name], dict), (name, theirs[name])
            continue
        statuses.update(answer["status"] for answer in ours)
        rows = corpus["files"][name]["rows"]
        differing += [f"{name} {file['settings']} {line}" for line in differences(ours, theirs[name], rows)]
    return statuses, differing


def test_recorded_answers(tmp_path, monkeypatch):
    seed, rows = 1, 160
    corpus = make_trl_corpus(seed, rows)
    files = write_trl_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    if os.environ.get("MMVALIDATE_TRL") == "write":
        GOLDEN.write_text(json.dumps(ask("hf", "judge_trl", {"files": files}, tmp_path), indent=0) + "\n")
    statuses, differing = compare(corpus, files, json.loads(GOLDEN.read_text()))
    assert differing == []
    assert statuses["ok"] > 0.4 * rows and statuses["error"] and statuses["dropped"]


@pytest.mark.parametrize("tokens", [(), tuple(LATER_TOKENS)], ids=["qwen2-vl", "qwen2.5-vl"])
@needs_trainer("hf")
def test_fresh_random_rows(tokens, tmp_path, monkeypatch):
    corpus = make_trl_corpus(SEED, ROWS)
    files = write_trl_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    theirs = ask("hf", "judge_trl", {"files": files, "tokens": tokens}, tmp_path)
    processor = {"processor": "qwen2.5-vl"} if tokens else {}
    statuses, differing = compare(corpus, files, theirs, **processor)
    print(f"trl {tokens and 'qwen2.5-vl'}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.4 * ROWS and statuses["error"] and statuses["unchecked"] < 0.15 * ROWS
