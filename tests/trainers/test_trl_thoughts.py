"""TRL under Qwen3.5 and Qwen3.6, asked about rows with thoughts, of registries and of its own: all answers equal."""

import hashlib
import json
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.environments import needs_trainer, trainer_home
from tests.oracle.compare import our_answers
from tests.oracle.corpus import make_corpus, write_corpus
from tests.oracle.thoughts import make_thoughts
from tests.trainers.compare import ask
from tests.trainers.own import compare
from tests.trainers.trl_corpus import write_trl_corpus
from tests.trainers.trl_thoughts import MODELS, folder_of, make_trl_thoughts
from validator.models import chat_templates

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 120))
COMPARED = ("status", "len", "labels", "image_tokens", "sha")
GOLDEN = Path(__file__).with_name("golden_trl_thoughts.json")
"""What TRL 1.16.0 said of the corpus of a seed; MMVALIDATE_TRL=write has it asked again."""


@needs_trainer("hf")
def test_templates_are_known_by_what_is_published():
    (folder,) = trainer_home("hf").glob("lib/python3*/site-packages/trl/chat_templates")
    shas = {hashlib.sha256((folder / f"{name}.jinja").read_bytes()).hexdigest(): name for name in MODELS}
    assert shas == chat_templates.PUBLISHED


@pytest.mark.parametrize("model", MODELS)
def test_recorded_answers(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus, files, processor = _own(model, 1, 96, tmp_path, monkeypatch)
    known = json.loads(GOLDEN.read_text())
    if os.environ.get("MMVALIDATE_TRL") == "write":
        known[model] = _ask(model, files, processor, tmp_path)
        GOLDEN.write_text(json.dumps(known, indent=0) + "\n")
    statuses, differing = compare("trl", corpus, files, known[model], processor=processor)
    assert differing == []
    assert statuses["ok"] > 0.4 * statuses.total() and statuses["error"]


@pytest.mark.parametrize("model", MODELS)
@needs_trainer("hf")
def test_fresh_rows_of_its_own(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus, files, processor = _own(model, SEED, ROWS, tmp_path, monkeypatch)
    statuses, differing = compare("trl", corpus, files, _ask(model, files, processor, tmp_path), processor=processor)
    print(f"trl {model}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.4 * statuses.total() and statuses["unchecked"] < 0.15 * statuses.total()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("make", [make_thoughts, make_corpus])
@needs_trainer("hf")
def test_fresh_rows_of_registries(model, make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    processor = folder_of(model, tmp_path, monkeypatch)
    corpus = make(SEED, ROWS)
    for entry in corpus["entries"]:
        limits = {name: entry["settings"].get(name) for name in ("cutoff_len", "image_max_pixels", "image_min_pixels")}
        usual = {"image_max_pixels": limits["image_max_pixels"] or 589824, "image_min_pixels": 3136}
        entry["settings"] = limits | usual | {"trainer": "trl", "processor": processor}
    registry = write_corpus(corpus, tmp_path)
    given = {"corpus": corpus, "folder": str(tmp_path), "model": model, "folder_of_model": processor}
    theirs, ours = ask("hf", "judge_hf", given, tmp_path), our_answers(registry, corpus)
    statuses, differing = Counter(), []
    for entry in corpus["entries"]:
        name = entry["name"]
        for row, mine, other in zip(entry["rows"], ours[name], theirs[name], strict=True):
            statuses[mine["status"]] += 1
            cut = mine.get("image_cut") and "Mismatch in `image` token count" in other.get("message", "")
            if mine["status"] == "unchecked" or cut:
                continue
            if any((mine.get(key) or 0) != (other.get(key) or 0) for key in COMPARED):
                differing.append(f"{name} {row}\n  ours {mine}, theirs {other}")
    print(f"trl {model}, {make.__name__}: {dict(statuses)}")
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
    assert statuses["ok"] > 0.4 * statuses.total() and statuses["unchecked"] < 0.15 * statuses.total()


def _own(model, seed, rows, folder, monkeypatch):
    corpus = make_trl_thoughts(seed, rows)
    return corpus, write_trl_corpus(corpus, folder), folder_of(model, folder, monkeypatch)


def _ask(model, files, processor, folder):
    return ask("hf", "judge_trl", {"files": files, "model": model, "folder_of_model": processor}, folder)
