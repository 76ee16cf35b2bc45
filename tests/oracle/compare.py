"""Our answer for every row of a corpus, in the oracle's form, and the differences between the two."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tests import judges
from tests.environments import ORACLE, ROOT, VOCABULARY
from validator.catalog.formats import file_rows
from validator.catalog.json_rows import read_rows
from validator.catalog.json_survey import survey
from validator.catalog.kept_as_json import with_mixed
from validator.catalog.registry import load_registry
from validator.engine.cache import Cache
from validator.engine.entries import open_entries
from validator.facts.measure import Measurer
from validator.facts.settle import settle
from validator.facts.training_ids import training_ids
from validator.settings import Settings

GOLDEN = Path(__file__).parent / "golden"
COMPARED = ("status", "len", "labels", "image_tokens", "video_tokens", "sha", "error")


def our_answers(registry: Path, corpus: dict) -> dict[str, list[dict]]:
    """Ask our own pipeline, through the same steps as a run."""
    answers = {}
    for spec in corpus["entries"]:
        settings = Settings(dataset_info=registry, **spec["settings"])
        entry = load_registry(registry, (spec["name"],)).entries[0]
        file, loader = registry.parent / entry.location, settings.profile.loader
        loaded = survey(file, by_value=loader.mixes)
        loaded = with_mixed(loaded, file, plain=loader.plain) if loader.mixes else loaded
        assert not loaded.refusals, loaded.refusals[:3]
        measurer = Measurer(entry, entry.location, loaded, settings)
        answers[spec["name"]] = [
            our_answer(measurer, raw) for raw in read_rows(file, loaded.layout, loader_floats=True)
        ]
    return answers


def our_entries(registry: Path) -> dict[str, dict]:
    """Our answer for entries of all kinds of files, in the form of the question `entries`; rows in trainer order."""
    settings = Settings(dataset_info=registry, cutoff_len=2048, image_max_pixels=589824, integrity="full")
    answers = {}
    cache = Cache(registry.parent / "cache", "")
    for facts in open_entries(load_registry(registry, tuple(json.loads(registry.read_text()))), settings, cache=cache):
        surveys = [file.survey for file in facts.files]
        refused = facts.fault or any(survey is None or survey.refusals for survey in surveys)
        if refused or not any(survey.num_rows for survey in surveys):
            answers[facts.name] = {"refused": True}
            continue
        rows = {}
        for file in facts.files:
            measurer = Measurer(facts.entry, file.name, file.survey, settings)
            floats = facts.entry.formatting == "openai"  # as in a run
            for raw in file_rows(Path(file.within(str(registry.parent))), file.survey, loader_floats=floats):
                place = facts.order.place(file.name, raw.index)
                if place is not None:
                    rows[place] = our_answer(measurer, raw)
        answers[facts.name] = {"rows": [rows[place] for place in sorted(rows)]}
    return answers


def our_answer(measurer: Measurer, raw) -> dict:
    (facts,) = measurer.measure([raw])
    settle(facts, measurer.limits)
    if facts.outcome == "crash":
        error, _, message = (facts.trainer_error or "").partition(": ")
        return {"status": "error", "error": error, "message": message}
    if facts.outcome != "ok":
        return {"status": facts.outcome}
    ids, labels = training_ids(measurer, raw)
    image_cut = facts.budget.num_image_tokens < facts.budget.num_image_tokens_full
    video_cut = facts.budget.num_video_tokens < facts.budget.num_video_tokens_full
    assert len(ids) == facts.num_tokens and sum(label != -100 for label in labels) == facts.num_label_tokens
    return {
        "status": "ok",
        "len": facts.num_tokens,
        "labels": facts.num_label_tokens,
        "image_tokens": facts.num_image_tokens,
        "video_tokens": facts.num_video_tokens,
        "image_cut": image_cut,
        "video_cut": video_cut,
        "sha": hashlib.sha256(json.dumps([ids, labels]).encode()).hexdigest()[:16],
    }


def oracle_answers(corpus: dict, folder: Path, **model) -> dict[str, list[dict]]:
    """Ask the real trainer about every row of a corpus that was written to a folder."""
    return ask("rows", {"corpus": corpus, "folder": str(folder), **model}, folder)


def ask(question: str, given: Any, cwd: Path = ROOT) -> Any:
    """Ask the real trainer, in its own environment (see judge.py)."""
    return judges.ask_in_fork(ORACLE, "tests.oracle.judge", VOCABULARY, question, given=given, cwd=cwd)


def differences(ours: dict[str, list[dict]], theirs: dict[str, list[dict]]) -> list[str]:
    """One line for every row whose answers differ."""
    lines = []
    for name, answers in theirs.items():
        assert len(answers) == len(ours[name]), f"{name}: {len(ours[name])} rows, the trainer has {len(answers)}"
        for row, (mine, other) in enumerate(zip(ours[name], answers, strict=True)):
            wanted = {key: other[key] for key in COMPARED if key in other}
            if {key: mine[key] for key in COMPARED if key in mine} != wanted:
                lines.append(f"{name} row {row}: ours {mine}, the trainer's {wanted} {other.get('message', '')[:200]}")
    return lines
