"""The folder that `mmvalidate tokenize` writes for ms-swift holds the rows that its own export saves, and is read."""

import json
import os
import random

import pytest

from tests.conftest import check
from tests.environments import needs_trainer
from tests.oracle.corpus import write_corpus
from tests.trainers.compare import ask
from tests.trainers.swift_corpus import make_swift_corpus
from tests.trainers.swift_videos import LISTS, make_swift_videos
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.policy import Policy
from validator.rules.registry import all_rules
from validator.tokenizing.tokenize import tokenize

pytestmark = needs_trainer("ms-swift")
SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
EVERYTHING = Policy(keep=frozenset(rule.code for rule in all_rules()))
"""Leaves out the rows alone that the trainer drops or stops at."""
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 160))


def written(folder, registry, spec):
    """(Our folder of an entry, None where no row is left; the numbers of rows left out, and whether by the trainer)."""
    run, target = folder / "runs" / spec["name"], folder / "out" / spec["name"]
    settings = {name: value for name, value in spec["settings"].items() if value is not None}
    check(registry, run, datasets=(spec["name"],), **settings)
    try:
        tokenize(FinishedRun(run), target, EVERYTHING)
    except ValueError as error:
        assert "No row is left" in str(error)
        return None, None
    lines = (target / "left_out.jsonl").read_text(encoding="utf-8").splitlines()
    return target / "train", {item["row"]: item["dropped_by_trainer"] for item in map(json.loads, lines)}


@pytest.mark.parametrize("videos", [False, True])
def test_random_rows_of_all_layouts(tmp_path, monkeypatch, videos):
    corpus = make_swift_videos(tmp_path, SEED, ROWS // 2) if videos else make_swift_corpus(SEED, ROWS)
    corpus["entries"] = [entry for number, entry in enumerate(corpus["entries"]) if not videos or number not in LISTS]
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    ours = {spec["name"]: written(tmp_path, registry, spec) for spec in corpus["entries"]}
    folders = {name: str(folder) for name, (folder, _) in ours.items() if folder}
    given = {"corpus": corpus, "folder": str(tmp_path), "written": folders}
    answers, rows = ask("ms-swift", "judge_cached", given, tmp_path), 0
    for spec in corpus["entries"]:
        left_out, theirs = ours[spec["name"]][1], answers[spec["name"]]
        if left_out is None:
            continue
        made = {int(number): row for number, row in theirs["made"].items()}
        assert not [number for number, by_trainer in left_out.items() if by_trainer and number in made]
        expected = [made[number] for number in range(len(spec["rows"])) if number not in left_out]
        assert theirs["read"] == expected, f"MMVALIDATE_SEED={SEED} {spec['name']}"
        rows += len(expected)
    print(f"cached_dataset: {rows} rows equal")
    assert rows > (0.05 if videos else 0.2) * ROWS
