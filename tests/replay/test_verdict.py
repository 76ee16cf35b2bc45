"""Verdicts as a table: steps in, verdict out. No model is run here."""

import math

import numpy as np
import pytest

from tests.replay.samples import member, step
from validator.facts.replayed import Replayed
from validator.replaying.baseline import Baseline, Point
from validator.replaying.job import Answer
from validator.replaying.systemic import climbed, culprit, failing
from validator.replaying.verdict import Yardstick, judge


@pytest.fixture(scope="module")
def baseline():
    """200 healthy samples: the norm falls with the labels, the loss spreads around 1."""
    rng = np.random.default_rng(0)
    points = []
    for index in range(200):
        labels = int(rng.integers(4, 60))
        norm = float(np.exp(1.5 - 0.5 * np.log(labels) + 0.15 * rng.standard_normal()))
        loss = float(1 + 0.1 * rng.standard_normal())
        points.append(Point("image" if index % 2 else "text", int(rng.integers(30, 120)), labels, loss, norm))
    return Baseline(points)


CRASHED = step(stage="forward", exception="ValueError: no", loss=None, norm=2.0, logits_finite=None)
NAN = step(loss=math.nan, norm=math.nan, first_nonfinite="model.visual.patch_embed.proj", logits_finite=False)
CASES = {
    "healthy": ([step(norm=1.4)], "STABLE"),
    "exception": ([CRASHED, step("repeat", stage="forward", exception="ValueError: no")], "CRASH"),
    "exception once": ([CRASHED, step("repeat")], "INCONCLUSIVE"),
    "no memory": ([step(stage="backward", exception="OutOfMemoryError: x", resource=True)], "RESOURCE"),
    "no answer": ([step(stage="process", exception="TimeoutError: no answer within 3 s")], "INCONCLUSIVE"),
    "no label": ([step(loss=math.nan, norm=0.0, labels=0)], "NO_TARGET"),
    "NaN": ([NAN], "NON_FINITE"),
    "NaN in the gradient alone": ([step(norm=math.nan, first_nonfinite="gradient of lm_head.weight")], "NON_FINITE"),
    "an infinite norm of finite gradients": ([step(norm=math.inf, grad_finite={})], "NON_FINITE"),
    "NaN once": ([NAN, step("repeat")], "INCONCLUSIVE"),
    "another loss the second time": ([step(), step("repeat", loss=1.1)], "INCONCLUSIVE"),
    "bf16 is not fp32": ([step(norm=1.4), step("fp32", relative_gradient_error=0.9)], "PRECISION_SENSITIVE"),
    "bf16 is nearly fp32": ([step(norm=1.4), step("fp32", relative_gradient_error=0.1)], "STABLE"),
    "ten times the gradient": ([step(norm=14.0, loss=1.2)], "GRAD_SPIKE"),
    "eight times the gradient at an ordinary loss, as a rare healthy kind has": ([step(norm=11.0)], "STABLE"),
    "twenty times the gradient at an ordinary loss": ([step(norm=28.0)], "GRAD_SPIKE"),
    "few labels have large gradients": ([step(norm=1.7, labels=8)], "STABLE"),
    "a loss of 4": ([step(norm=1.4, loss=4.0)], "LOSS_OUTLIER"),
    "no control like it": ([step(norm=1.4, labels=4000)], "INCONCLUSIVE"),
    "worse than guessing, without a control like it": ([step(loss=9.0, labels=4000)], "LOSS_OUTLIER"),
}


@pytest.mark.parametrize("name", CASES)
def test_verdict(name, baseline):
    steps, expected = CASES[name]
    yardstick = Yardstick(baseline, 0.01, vocabulary=1000)
    assert (
        judge(member(labels=steps[0].num_label_tokens), "candidate", Answer(tuple(steps)), yardstick).verdict
        == expected
    )


@pytest.mark.parametrize(
    "name", [name for name, (_, verdict) in CASES.items() if verdict in ("GRAD_SPIKE", "LOSS_OUTLIER")]
)
def test_an_untrained_model_accuses_nobody_of_statistics(name):
    steps, _ = CASES[name]
    assert judge(member(), "candidate", Answer(tuple(steps)), Yardstick(vocabulary=1000)).verdict == "STABLE"


def test_what_bf16_is_guilty_of():
    yardstick = Yardstick(vocabulary=1000)
    alone = judge(member(), "candidate", Answer((NAN, step("fp32"))), yardstick)
    both = judge(member(), "candidate", Answer((NAN, step("fp32", loss=math.nan, logits_finite=False))), yardstick)
    assert "in fp32 is finite: precision, not range" in alone.why
    assert "in fp32 as well: bf16 is not to blame" in both.why


def test_thresholds_come_from_a_percentile_of_the_controls():
    """One wild control among 200 does not move the limits; a twentieth of them does."""
    rng = np.random.default_rng(1)

    def limits(wild):
        points = []
        for index in range(200):
            loss, norm = 1 + 0.1 * rng.standard_normal(), math.exp(0.1 * rng.standard_normal())
            if index % 20 == 0 and index < 20 * wild:
                loss, norm = 9.0, 90.0
            points.append(Point("text", 30 + index, 10, loss, norm))
        return Baseline(points).gradient_limit

    assert limits(0) == limits(1) == 4.0 < limits(10)


def test_a_loss_that_a_control_near_it_has_is_no_outlier():
    """2 of 200 healthy controls have a loss of 3, as a rare kind of rows has: one more of them is nothing new."""
    rng = np.random.default_rng(2)
    usual = [Point("text", 40 + k % 20, 10, float(1 + 0.1 * rng.standard_normal()), 2.0) for k in range(200)]
    rare = [*usual[:198], *(Point("text", 50, 10, 3.0, 2.0) for _ in range(2))]
    found = [
        judge(member(), "candidate", Answer((step(loss=3.0, norm=2.0),)), Yardstick(Baseline(points), 0.01)).verdict
        for points in (usual, rare)
    ]
    assert found == ["LOSS_OUTLIER", "STABLE"]


def test_a_loss_worse_than_guessing_counts_where_no_control_has_one():
    """A model that has never seen pictures may be worse than guessing on all of them: then it says nothing of one."""
    known = [Point("text", 40 + k % 20, 10, 1.0 + k % 7 / 10, 2.0) for k in range(100)]
    unseen = [*known, *(Point("image", 50, 14, 9.2, 2.0) for _ in range(3))]
    steps = Answer((step(loss=9.5, norm=2.0, labels=80),))
    for points, expected in ((known, "LOSS_OUTLIER"), (unseen, "INCONCLUSIVE")):
        yardstick = Yardstick(Baseline(points), 0.01, vocabulary=768)
        assert judge(member(labels=80, modality="image"), "candidate", steps, yardstick).verdict == expected


def control(verdict, modality="text", error=None):
    return Replayed(
        dataset="d",
        file="f",
        row=0,
        sample_id="0",
        group="control",
        modality=modality,
        num_tokens=9,
        verdict=verdict,
        why="",
        relative_gradient_error=error,
    )


@pytest.mark.parametrize(
    ("failed", "number", "found"),
    [(0, 40, False), (1, 1, False), (2, 2, False), (3, 3, True), (4, 40, False), (10, 40, True), (16, 16, True)],
)
def test_more_controls_fail_than_chance_allows(failed, number, found):
    controls = [control("NON_FINITE")] * failed + [control("STABLE")] * (number - failed)
    controls += [control("STABLE", "image")] * 20
    assert [(item[0], item[1]) for item in failing(controls)] == ([("text", "NON_FINITE")] if found else [])


def test_of_gradients_only_the_controls_count_that_ran_in_fp32():
    controls = [control("PRECISION_SENSITIVE", error=0.9)] * 8 + [control("STABLE")] * 92
    assert [item[1] for item in failing(controls)] == ["PRECISION_SENSITIVE"]


LADDERS = {
    "the checkpoint: it fails": {"bf16": "fails", "repeat": "fails", "fp32": "fails", "eager": "fails"},
    "the backend: cuDNN": {"bf16": "fails", "repeat": "fails", "no_cudnn": "finite", "eager": "finite"},
    "the backend: the attention kernel": {"bf16": "fails", "repeat": "fails", "fp32": "fails", "eager": "finite"},
    "the machine": {"bf16": "fails", "repeat": "finite", "fp32": "finite"},
    "the precision": {"bf16": "fails", "repeat": "fails", "fp32": "finite", "eager": "fails"},
    "the shape of the batch": {"bf16": "fails", "repeat": "fails", "fp32": "fails", "padded": "finite"},
    "the checkpoint's part for pictures": {"bf16": "fails", "repeat": "fails", "fp32": "fails", "bare": "finite"},
}


@pytest.mark.parametrize("expected", LADDERS)
def test_what_the_ladder_points_at(expected):
    assert culprit("NON_FINITE", LADDERS[expected]).startswith(expected)


def test_the_ladder_of_several_samples():
    good, bad = step(), NAN
    from dataclasses import replace

    samples = [
        [replace(bad, arm="bf16"), replace(good, arm="eager")],
        [replace(bad, arm="bf16"), replace(bad, arm="eager")],
    ]
    assert climbed(samples, 0.25) == {"bf16": "fails", "eager": "1 of 2 finite"}
