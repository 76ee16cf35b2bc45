"""The RP rules: what they say of a replayed sample, and when they are silent."""

import pytest

from validator.facts.replayed import Range, Remedy, Replayed, Step, Systemic
from validator.rules.registry import all_rules, find_rule

STEP = Step("bf16", "forward", "ValueError: no", grad_norm=30.0, loss=9.0, first_nonfinite="model.norm")
RULES = [rule for rule in all_rules() if rule.family == "RP"]


def sample(verdict, why="because", step=STEP, **changes):
    return Replayed(
        dataset="d",
        file="f.jsonl",
        row=3,
        sample_id="3",
        group="candidate",
        modality="text",
        num_tokens=9,
        verdict=verdict,
        why=why,
        step=step,
        **changes,
    )


SAID = {
    "CRASH": ("RP001", "training stops at this row: because"),
    "NO_TARGET": ("RP002", "because"),
    "NON_FINITE": ("RP003", "because"),
    "PRECISION_SENSITIVE": ("RP004", "because"),
    "GRAD_SPIKE": ("RP005", "gradient norm 30, controls near it 1 to 3, median 2, in 50 controls: because"),
    "LOSS_OUTLIER": ("RP006", "because, controls near it 0.1 to 0.3, median 0.2, in 50 controls"),
    "RESOURCE": ("RP007", "9 tokens: because"),
    "INCONCLUSIVE": ("RP010", "no verdict: because"),
    "STABLE": None,
    "STATIC_ONLY": None,
}


@pytest.mark.parametrize("verdict", SAID)
def test_one_rule_for_each_verdict(verdict):
    near = {"control_loss": Range(0.1, 0.2, 0.3, 50), "control_grad_norm": Range(1, 2, 3, 50)}
    hits = [(rule.code, hit.message) for rule in RULES if rule.replay for hit in rule.replay(sample(verdict, **near))]
    assert hits == ([SAID[verdict]] if SAID[verdict] else [])


def test_a_row_at_which_preprocessing_stops_is_not_told_twice():
    stopped = sample("CRASH", step=Step("bf16", "preprocessing", "OSError: cut"))
    assert not [hit for rule in RULES if rule.replay for hit in rule.replay(stopped)]


def test_the_processor_disagrees():
    rule = find_rule("processor-disagrees")
    assert [hit.message for hit in rule.replay(sample("STABLE", disagreement="4, not 6"))] == ["4, not 6"]
    assert not list(rule.replay(sample("CRASH", disagreement="4, not 6", static=("VD003",))))


def test_what_the_remedies_did_is_part_of_the_help():
    """The cheapest that helps, what makes it louder, and what differs from the reference model."""
    tried = (
        Remedy("clip 1.0", "GRAD_SPIKE", False, "", pull=0.9),
        Remedy("token-normalised loss", "GRAD_SPIKE", False, "", pull=1.4),
        Remedy("batch 2 x accumulation 2", None, False, ""),
        Remedy("fp32", "STABLE", True, ""),
    )
    spike = sample("GRAD_SPIKE", remedies=tried, remedy="fp32", reference_verdict="STABLE", difference="w is large")
    (hit,) = find_rule("RP005").replay(spike)
    assert hit.help == (
        "Check the answer: it is unlike the others. The cheapest change that helps this row, of 3 tried: fp32. "
        "It gets more weight with: token-normalised loss. "
        "On the reference model it is STABLE; what differs: w is large."
    )
    (hit,) = find_rule("RP005").replay(sample("GRAD_SPIKE", remedies=tried[:1]))
    assert hit.help.endswith("None of the changes tried on this row helps (1).")


def test_controls_that_fail():
    ladder = {"bf16": "fails", "eager": "finite"}
    systemic = Systemic("image", "NON_FINITE", 9, 10, "model.norm", ladder, "the backend", ("d",))
    (hit,) = find_rule("RP008").systemic(systemic)
    assert hit.message == (
        "9 of 10 healthy image controls end in NON_FINITE, first in model.norm: no sample is to blame. "
        "Changes tried: bf16: fails, eager: finite"
    )
    assert hit.help == "Suspect the backend."
