"""Remedies as a table: what was run in, what each change does out. No model is run here."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.replay.samples import member, step
from validator.facts.replayed import Window
from validator.replaying.baseline import Baseline, Point
from validator.replaying.job import Answer
from validator.replaying.remedies import (
    CLIP,
    CUTOFF,
    FULL,
    LONGER,
    PAIRS,
    PIXELS,
    SLOWER,
    TOKENS,
    Tried,
    first_that_helps,
    on_reference,
    outcomes,
)  # fmt: skip
from validator.replaying.verdict import Yardstick, judge


@pytest.fixture(scope="module")
def yardstick():
    """200 healthy controls, half of them below 11 labels, where the norm is about 2.7; loss near 1."""
    rng = np.random.default_rng(0)
    points = []
    for _ in range(200):
        labels = int(np.exp(rng.uniform(np.log(2), np.log(60))))
        norm = float(np.exp(2.9 - 0.8 * np.log(labels) + 0.15 * rng.standard_normal()))
        points.append(Point("text", int(rng.integers(30, 120)), labels, float(1 + 0.1 * rng.standard_normal()), norm))
    return Yardstick(Baseline(points), 0.01, vocabulary=1000)


def windows(norm, labels, others=(30, 30, 30), null=1.0):
    """The step's three weightings for a sample among three controls of norm 1, gradients at right angles."""
    total = labels + sum(others)
    pairs = labels / (labels + others[0]) / 2
    weights = {"mean": 0.25, "pairs": pairs, "tokens": labels / total}
    return tuple(
        Window(name, weight, weight * norm, math.hypot(weight * norm, 0.4), null) for name, weight in weights.items()
    )


def tried(yardstick, steps, window=(), changed=None, labels=None, arms=()):
    mine = member(labels=labels if labels is not None else steps[0].num_label_tokens)
    sample = judge(mine, "candidate", Answer(tuple(steps)), yardstick)
    given = Tried(mine, Answer((*steps, *arms), windows=tuple(window)), "eager", changed or {})
    return sample, {remedy.name: remedy for remedy in outcomes(sample, given, yardstick)}


def test_a_spike_of_few_labels_is_calmed_by_weighting_tokens(yardstick):
    sample, found = tried(yardstick, [step(norm=80.0, labels=2, loss=1.25)], windows(80.0, 2))
    assert sample.verdict == "GRAD_SPIKE"
    assert found[TOKENS].helps and found[TOKENS].pull == pytest.approx(4 * 2 / 92)
    assert found[PAIRS].pull == pytest.approx(2 * 2 / 32) and not found[PAIRS].helps
    assert found[CLIP].helps  # the step is cut to 1, where one of controls stays as it is
    assert not found[SLOWER].helps and not found[SLOWER].measured
    assert first_that_helps(tuple(found.values())) == CLIP


def test_a_spike_of_many_labels_grows_by_weighting_tokens(yardstick):
    """Opposite signs: the same change that calms short answers makes long ones louder."""
    sample, found = tried(yardstick, [step(norm=9.0, labels=58)], windows(9.0, 58))
    assert sample.verdict == "GRAD_SPIKE"
    assert found[TOKENS].pull > 1.5 and not found[TOKENS].helps
    assert found[PAIRS].pull > 1.2 and not found[PAIRS].helps


def test_an_outlier_of_the_loss_keeps_its_answer(yardstick):
    sample, found = tried(yardstick, [step(norm=1.0, loss=5.0, labels=40)], windows(1.0, 40))
    assert sample.verdict == "LOSS_OUTLIER"
    assert not any(remedy.helps for remedy in found.values())
    assert found[TOKENS].pull == pytest.approx(4 * 40 / 130)


NAN = step(loss=math.nan, norm=math.nan, first_nonfinite="model.visual.patch_embed.proj", logits_finite=False)


def test_nothing_that_scales_cures_nan(yardstick):
    arms = [step("fp32", loss=math.nan, norm=math.nan, logits_finite=False), step("padded", norm=math.nan)]
    window = [Window(name, 0.25, math.nan, math.nan, 1.0) for name in ("mean", "pairs", "tokens")]
    sample, found = tried(yardstick, [NAN], window, arms=arms, labels=10)
    assert sample.verdict == "NON_FINITE"
    assert {found[name].verdict for name in (CLIP, TOKENS, PAIRS, SLOWER, FULL)} == {"NON_FINITE"}
    assert not any(remedy.helps for remedy in found.values())


def test_fp32_and_the_reference_model(yardstick):
    sample, found = tried(yardstick, [NAN], arms=[step("fp32", norm=1.5), step("eager", norm=math.nan)], labels=10)
    assert found[FULL].helps and found["eager attention"].verdict == "NON_FINITE"
    there = replace(sample, verdict="STABLE", step=step(norm=1.0))
    assert on_reference(sample, there).helps
    assert on_reference(sample, replace(there, verdict="INCONCLUSIVE")).helps  # finite, and no controls near
    assert not on_reference(sample, replace(there, verdict="INCONCLUSIVE", agree=False)).helps


def test_no_label_is_hidden_and_not_cured(yardstick):
    sample, found = tried(yardstick, [step(loss=math.nan, norm=0.0, labels=0)], labels=0)
    assert sample.verdict == "NO_TARGET" and not found[PAIRS].helps
    assert found[PAIRS].effect == "the NaN no longer shows in the loss, and the row still teaches nothing"


def test_other_limits(yardstick):
    """A picture that the cutoff cuts: half the pixels help, half the cutoff does not, twice the cutoff does."""
    crashed = step(stage="forward", exception="ValueError: no", loss=None, norm=2.0, logits_finite=None)
    mine = member(labels=10)
    changed = {
        PIXELS: (mine, Answer((step(norm=3.0),))),
        CUTOFF: (mine, Answer((crashed,))),
        LONGER: (member(labels=10, tokens=9000), Answer((step(norm=3.0),))),
    }
    sample, found = tried(yardstick, [crashed], changed=changed, labels=10)
    assert sample.verdict == "CRASH"
    assert (found[PIXELS].verdict, found[PIXELS].helps) == ("STABLE", True)
    assert (found[CUTOFF].verdict, found[CUTOFF].helps) == ("CRASH", False)
    assert (found[LONGER].verdict, found[LONGER].helps) == ("INCONCLUSIVE", True)  # finite, and nothing near it
    assert found[TOKENS].effect == "the step does not come so far"


def test_a_change_that_changes_nothing(yardstick):
    _, found = tried(yardstick, [step(norm=90.0, labels=2, loss=1.25)], windows(90.0, 2), {CUTOFF: None})
    assert (found[CUTOFF].verdict, found[CUTOFF].effect) == ("GRAD_SPIKE", "it leaves the sample as it is")


def test_too_few_controls_to_share_a_step(yardstick):
    _, found = tried(yardstick, [step(norm=90.0, labels=2, loss=1.25)])
    assert found[TOKENS].verdict is None and not found[TOKENS].helps


def test_bf16_in_a_pair(yardstick):
    arms = [step("fp32", relative_gradient_error=0.9), step("padded")]
    alone = [step(norm=3.0), arms[0]]
    _, found = tried(yardstick, alone, arms=[arms[1], step("padded_fp32", relative_gradient_error=0.8)])
    assert found[PAIRS].verdict == "PRECISION_SENSITIVE" and found[FULL].helps
    _, found = tried(yardstick, alone, arms=[arms[1], step("padded_fp32", relative_gradient_error=0.02)])
    assert found[PAIRS].helps
