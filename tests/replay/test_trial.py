"""What remedies are tried with: which controls share a step, which samples are tried, under which other limits."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.replay.samples import job, member
from validator.facts.replayed import Replayed
from validator.replaying.loading import check_reproduced
from validator.replaying.remedies import CUTOFF, LONGER, PIXELS
from validator.replaying.trial import Remaker, neighbours, resized, same, unstable
from validator.settings import Settings
from validator.trainers.registry import trainer_named


def control(row, tokens, labels):
    return replace(member(tokens=tokens, labels=labels), row=row, place=row)


def test_neighbours_have_labels_enough_and_the_nearest_length():
    controls = [control(1, 50, 5), control(2, 400, 30), control(3, 60, 30), control(4, 20, 30), control(5, 48, 0)]
    jobs = {(item.dataset, item.file, item.row): job(item.row) for item in controls}
    assert [item.key[2] for item in neighbours(job(0), controls, jobs)] == [3, 4, 2, 1]


def test_the_riskiest_unstable_samples_are_tried():
    def sample(row, verdict, risk):
        return Replayed(
            dataset="data",
            file="data.jsonl",
            row=row,
            sample_id="",
            group="candidate",
            modality="text",
            num_tokens=9,
            verdict=verdict,
            why="",
            risk_score=risk,
        )

    samples = [sample(0, "CRASH", 1), sample(1, "STABLE", 9), sample(2, "RESOURCE", 5), sample(3, "GRAD_SPIKE", 3)]
    jobs = {item.key: job(item.row) for item in samples[:3]}
    assert [item.row for item in unstable(samples, jobs, 9)] == [2, 0]  # 3 has no job
    assert [item.row for item in unstable(samples, jobs, 1)] == [2]


def test_other_limits():
    settings = Settings(dataset_info=Path("dataset_info.json"), cutoff_len=1001, image_max_pixels=2000)
    assert Remaker(Path(), settings).changes() == {CUTOFF: {"cutoff_len": 500}, LONGER: {"cutoff_len": 2002}}
    wide = settings.model_copy(update={"image_max_pixels": 4096})
    assert Remaker(Path(), wide).changes()[PIXELS] == {"image_max_pixels": 2048}


def test_a_row_under_other_limits():
    changed = resized(member(tokens=50, labels=10), job(0, tokens=30, labels=4))
    assert (changed.num_tokens, changed.num_labels) == (30, 4)
    assert same(job(0), job(0)) and not same(job(0), job(0, tokens=49))


def test_the_command_knows_no_torch():
    code = "import sys, validator.replaying.run, validator.report.replayed; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_a_trainer_whose_loading_is_not_reproduced():
    check_reproduced(trainer_named("hf"))
    with pytest.raises(ValueError, match="neither --replay nor --exact: images are not loaded here"):
        check_reproduced(replace(trainer_named("hf"), is_replayed=False))
