"""Steps of training with a sample in each: what is drawn, when it counts, and courses on the trained tiny model."""

import math
from dataclasses import replace

import pytest

from tests.environments import needs_replay
from tests.replay.samples import job
from validator.facts.replayed import Drift, Remedy, Replayed
from validator.replaying.job import Answer, Task
from validator.replaying.paired import HELD_OUT, LEAST, STEPS, WARM, WINDOW, draws, drift, paired
from validator.replaying.remedies import AS_CONFIGURED, CLIP, COURSES, SLOWER, trained

CHANCE = [0.004, -0.004] * 6
LEVEL = [1.0] * 12
OTHER = [1 + change for change in CHANCE]


def test_what_a_seed_draws():
    """The samples that the loss is taken of are in no step, nor are those that take the sample's place."""
    pool = [job(row) for row in range(LEAST + 3)]
    made = draws(pool, 3)
    assert made == draws(pool, 3) and len({draw.partners for draw in map(rows_of, made)}) == 3
    held_out = {tuple(draw.partners[-HELD_OUT:]) for draw in map(rows_of, made)}
    assert len(held_out) == 1
    for draw in map(rows_of, made):
        steps = draw.partners[:-HELD_OUT]
        assert len(steps) == WARM * WINDOW + STEPS * (WINDOW - 1)
        assert not {draw.control, draw.other} & set(draw.partners) and not set(steps) & set(*held_out)
        windows = [steps[start : start + WINDOW] for start in range(0, WARM * WINDOW, WINDOW)]
        assert all(len(set(window)) == WINDOW for window in windows)


def rows_of(draw):
    partners = tuple(item.key[2] for item in draw.partners)
    return replace(draw, control=draw.control.key[2], other=draw.other.key[2], partners=partners)


@pytest.mark.parametrize(
    ("changes", "destabilises"),
    [
        ([0.05] * 12, True),
        ([0.05] * 10 + [-0.01] * 2, True),
        ([0.05] * 9 + [-0.01] * 3, False),  # in too few seeds
        ([0.02] * 12, False),  # within three bands
        ([-0.05] * 12, False),
        ([math.nan] * 12, True),
    ],
)
def test_when_a_sample_destabilises(changes, destabilises):
    """The band is the interquartile range of another control's difference: 0.008."""
    found = drift("as configured", [1 + change for change in changes], LEVEL, OTHER)
    assert found.band == pytest.approx(0.008) and found.destabilises == destabilises


def test_in_words():
    assert str(drift("x", [1.065] * 12, LEVEL, OTHER)) == (
        "+0.065 (another control: within 0.008), higher in 12 of 12 seeds"
    )
    assert str(drift("x", [math.inf] * 12, LEVEL, OTHER)).startswith("NaN (")


def test_courses_that_do_not_end_are_left_out():
    """No memory for the controls' own: nothing more is asked."""
    asked = []

    def ask(what, tasks):
        asked.append(what)
        return {task.job.key: Answer(()) for task in tasks}

    assert paired([job(99)], [job(row) for row in range(LEAST)], ask, seeds=3) == {}
    assert asked == ["training steps, seed 1 of 3"]


def test_a_smaller_learning_rate_is_measured():
    remedies = (Remedy(CLIP, "GRAD_SPIKE", False, ""), Remedy(SLOWER, "GRAD_SPIKE", False, "reasoned", measured=False))
    sample = Replayed(
        dataset="d",
        file="f",
        row=0,
        sample_id="",
        group="candidate",
        modality="text",
        num_tokens=9,
        verdict="GRAD_SPIKE",
        why="",
        remedies=remedies,
    )
    loud, calm = Drift(AS_CONFIGURED, 0.065, 12, 12, 0.008, True), Drift(SLOWER, 0.001, 7, 12, 0.008, False)
    found = trained(sample, (loud, calm))
    assert found.remedy == SLOWER and found.drifts == (loud, calm)
    assert found.remedies[1].measured and found.remedies[1].effect == f"loss on other rows {calm}"
    assert trained(sample, (replace(loud, destabilises=False), calm)).remedy is None
    assert trained(sample, (loud, replace(calm, destabilises=True))).remedy is None


# ---- on the trained tiny model --------------------------------------------------------------------
@pytest.fixture(scope="module")
def worker(tiny, tmp_path_factory):
    """A worker in this process, jobs of healthy texts with many labels, and one with an absurd answer."""
    import random

    import torch

    from scripts import synthetic_rows
    from scripts.experiments.planted import letters
    from scripts.replay_jobs import jobs_of
    from validator.replaying.settings import ReplaySettings
    from validator.replaying.supervisor import Setup
    from validator.replaying.worker import Worker

    folder = tmp_path_factory.mktemp("paired")
    dice = random.Random(77)
    rows = [synthetic_rows.text_row(dice) for _ in range(100)]
    absurd = {"role": "assistant", "content": letters(dice, 60)}
    rows.append({**rows[0], "messages": [rows[0]["messages"][0], absurd]})
    jobs, limits = jobs_of(folder, rows, str(tiny))
    many = [item for item in jobs[:-1] if sum(label >= 0 for label in item.labels) >= 20]
    settings = ReplaySettings(model=str(tiny), device="cpu", learning_rate=1e-3)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield Worker(Setup(settings, limits, str(tiny))), many[: LEAST + 4], jobs[-1]
    torch.set_num_threads(threads)


@needs_replay
def test_an_absurd_answer_raises_the_loss_on_others(worker):
    """In every manner but with a tenth of the rate, where it raises it less; and the model is left as it was."""
    from validator.replaying.model import fingerprint

    made, pool, absurd = worker
    before = fingerprint(made.model)
    found = paired([absurd], pool, lambda _, tasks: {task.job.key: made.measure(task) for task in tasks}, seeds=2)
    assert fingerprint(made.model) == before
    drifts = {item.name: item for item in found[absurd.key]}
    assert tuple(drifts) == COURSES and {item.seeds for item in drifts.values()} == {2}
    assert drifts[AS_CONFIGURED].destabilises  # beyond three bands
    assert 0 < drifts[SLOWER].median < drifts[AS_CONFIGURED].median
    assert drifts[CLIP].median < drifts[AS_CONFIGURED].median


@needs_replay
def test_a_course_that_fails_is_an_answer(worker):
    """A picture that is gone: no losses, and the exception in the step."""
    from validator.replaying.job import Medium

    made, pool, absurd = worker
    gone = replace(absurd, images=[Medium("/nowhere.png")])
    answer = made.measure(Task(gone, ("course",), draws(pool, 1)[0].partners))
    assert answer.losses == {} and answer.steps[0].exception.startswith("FileNotFoundError")
