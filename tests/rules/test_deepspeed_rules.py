"""What findings about DeepSpeed say: its own words, figures, and the option's name."""

import pytest

from tests.rules.training_runs import (
    NOW,
    SOUND,
    ZERO2,
    ZERO3,
    zero2,
)
from validator.auditing.case import training_case
from validator.auditing.judge import training_findings
from validator.settings import Settings
from validator.training.config import make_config
from validator.training.versions import Versions

BUCKETS = zero2(reduce_bucket_size=2e8, overlap_comm=False, allgather_bucket_size=5e8)


@pytest.mark.parametrize(
    ("changes", "more", "severity", "advice"),
    [
        ({}, {}, "info", "Replay the riskiest rows first"),
        ({}, {"gpus": 1}, "info", "Replay the riskiest rows first"),
        ({"finetuning_type": "lora"}, {"gpus": 8}, "info", "Replay the riskiest rows first"),
        ({}, {"gpus": 8}, "warning", "Use ZeRO-2 with DeepSpeed 0.19.3 or later"),
        ({"finetuning_type": "lora", "deepspeed": ZERO3}, {}, "warning", "Install DeepSpeed 0.19.8 or later"),
        ({"deepspeed": ZERO2}, {"gpus": 1}, "warning", "Install DeepSpeed 0.19.3 or later"),
    ],
)
def test_advice_on_gradients_warns_those_whom_it_fits(changes, more, severity, advice):
    case = training_case(make_config({**SOUND, **changes}), Versions({}), **more)
    (found,) = (finding for finding in training_findings(case) if finding.code == "CF006")
    assert found.severity == severity and found.help.startswith(advice)
    overruled = Settings(dataset_info="dataset_info.json", severity={"CF006": "error"})
    (found,) = (item for item in training_findings(case, overruled) if item.code == "CF006")
    assert found.severity == "error"


def test_buckets_in_figures():
    case = training_case(make_config({**SOUND, "deepspeed": zero2(overlap_comm=True)}), Versions(NOW))
    (said,) = (finding.message for finding in training_findings(case) if finding.code == "CF008")
    assert (
        "`reduce_bucket_size` of 500,000,000 elements takes 2.0 GB per GPU; larger than it and reduced "
        "separately: the embedding and lm_head (544,997,376" in said
    )
    case = training_case(make_config({**SOUND, "deepspeed": BUCKETS}), Versions(NOW))
    first, second = (finding.message for finding in training_findings(case) if finding.code == "CF008")
    assert "takes 0.4 GB per GPU" in first
    assert second.startswith("`allgather_bucket_size` has no effect")


def deepspeed_said(changes, version="0.19.8"):
    case = training_case(make_config({**SOUND, "deepspeed": {**ZERO2, **changes}}), Versions({"deepspeed": version}), 1)
    return {item.code: (item.message, item.help) for item in training_findings(case)}


def test_refusals_say_deepspeeds_own_words():
    late = ", only after the data are preprocessed and the model is loaded"
    message, advice = deepspeed_said({"zero_optimization": {"stage": 2, "reduce_bucket_sizes": 1}})["CF026"]
    assert message == (
        "`zero_optimization.reduce_bucket_sizes` (1) in deepspeed: deepspeed 0.19.8 stops training with "
        f"ValidationError: 1 validation error for DeepSpeedZeroConfig: Extra inputs are not permitted{late}"
    )
    assert advice == "Write `reduce_bucket_size`, or remove `zero_optimization.reduce_bucket_sizes`."
    message, advice = deepspeed_said({"elasticity": {"enabled": False}})["CF026"]
    assert "stops training with DeepSpeedConfigError: Elastic training has been removed" in message
    assert advice == "Remove `elasticity`, even if it is off."
    message, advice = deepspeed_said({"zero_optimization": {"stage": 3, "overlap_comm": "auto"}})["CF026"]
    assert "ValueError: `zero_optimization.overlap_comm` not found in kwargs." in message
    message, _ = deepspeed_said({"zero_optimization": True})["CF026"]
    assert message.endswith("stops training with AttributeError: 'bool' object has no attribute 'get'")
    message, _ = deepspeed_said({"zero_optimization": {"stage": 4}}, "0.19.9")["CF026"]
    assert "deepspeed 0.19.8 (the nearest known here, for 0.19.9) stops" in message


def test_ignored_keys_are_named():
    message, advice = deepspeed_said({"gradient_cliping": 1.0})["CF027"]
    assert message == (
        "`gradient_cliping` in deepspeed is not read by deepspeed 0.19.8: `gradient_clipping` keeps its default"
    )
    assert advice == "Write `gradient_clipping`."
    message, _ = deepspeed_said({"gradient_allreduce_op": "sum"}, "0.18.5")["CF027"]
    assert "not read by deepspeed 0.18.5; 0.19." in message


def test_reasons_hold_the_options_names():
    given = {**SOUND, "deepspeed": {**zero2(overlap_comm=True), "gradient_clipping": 0}}
    case = training_case(make_config(given), Versions({"deepspeed": "0.14.4"}))
    said = {finding.code: finding.message for finding in training_findings(case)}
    assert "`overlap_comm` is on in deepspeed under ZeRO-2 of deepspeed 0.14.4" in said["CF007"]
    assert said["CF010"] == "`gradient_clipping` is 0 in deepspeed: `max_grad_norm: 1.0` has no effect"
