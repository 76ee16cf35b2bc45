"""The memory that a run takes, for models of the published sizes."""

import pytest

from tests.rules.training_runs import data
from validator.auditing.case import training_case
from validator.auditing.judge import training_findings
from validator.training.config import make_config
from validator.training.memory import memory_of, state_of
from validator.training.shape import GIB, SHAPES
from validator.training.versions import Versions

PUBLISHED = {"2B": 2_208_985_600, "7B": 8_291_375_616, "72B": 73_405_560_320}
ZERO = {"zero_optimization": {"stage": 3}, "bf16": {"enabled": "auto"}}
ALL_CPU = {"stage": 3, "offload_optimizer": {"device": "cpu"}, "offload_param": {"device": "cpu"}}


def case_of(changes, gpus=None, size="7B", memory=None, versions=None):
    given = {
        "model_name_or_path": f"Qwen/Qwen2-VL-{size}-Instruct",
        "template": "qwen2_vl",
        "finetuning_type": "lora",
        "bf16": True,
        "per_device_train_batch_size": 1,
        **changes,
    }
    return training_case(make_config(given), Versions(versions or {}), gpus, data(), memory=memory)


@pytest.mark.parametrize("size", PUBLISHED)
def test_parameters_are_those_of_the_published_weights(size):
    shape = SHAPES[size]
    assert shape.language + shape.vision + shape.projector == PUBLISHED[size]


STATES = {  # GiB of weights, gradients and optimizer on one GPU
    "lora": ({}, {}, 15.7),
    "4 bits": ({"quantization_bit": 4}, {}, 5.8),
    "4 bits, no double quantization": ({"quantization_bit": 4, "double_quantization": False}, {}, 6.1),
    "8 bits": ({"quantization_bit": 8}, {}, 9.1),
    "the word that quantizes nothing": ({"quantization_bit": 4, "quantization_method": "bitsandbytes"}, {}, 15.7),
    "which quantized before 0.9.3": (
        {"quantization_bit": 4, "quantization_method": "bitsandbytes"},
        {"versions": {"llamafactory": "0.9.2"}},
        5.8,
    ),
    "an AWQ model": ({"model_name_or_path": "Qwen/Qwen2-VL-7B-Instruct-AWQ"}, {}, 5.8),
    "a GPTQ model of 8 bits": ({"model_name_or_path": "Qwen/Qwen2-VL-7B-Instruct-GPTQ-Int8"}, {}, 9.1),
    "rank 128": ({"lora_rank": 128}, {}, 20.3),
    "full": ({"finetuning_type": "full"}, {}, 114.7),
    "full, 8-bit Adam": ({"finetuning_type": "full", "optim": "adamw_bnb_8bit"}, {}, 72.2),
    "full, Adafactor": ({"finetuning_type": "full", "optim": "adafactor"}, {}, 58.0),
    "full, pages": ({"finetuning_type": "full", "optim": "paged_adamw_8bit"}, {}, 58.0),
    "full, pure BF16": ({"finetuning_type": "full", "pure_bf16": True}, {}, 58.0),
    "ZeRO-3 on 8": ({"finetuning_type": "full", "deepspeed": ZERO}, {"gpus": 8}, 15.4),
    "ZeRO-3 on 8, all on the CPU": (
        {"finetuning_type": "full", "deepspeed": {**ZERO, "zero_optimization": ALL_CPU}},
        {"gpus": 8},
        1.0,
    ),
    "ZeRO-2 on 8, optimizer on the CPU": (
        {
            "finetuning_type": "full",
            "deepspeed": {**ZERO, "zero_optimization": {"stage": 2, "offload_optimizer": {"device": "cpu"}}},
        },
        {"gpus": 8},
        15.4,
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_state(name):
    changes, more, wanted = STATES[name]
    case = case_of(changes, **more)
    assert sum(state_of(case, case.shape)[:3]) / GIB == pytest.approx(wanted, abs=0.06)


def test_activations():
    """Checkpointing keeps one layer at a time, eager attention a square of the length."""
    usual, every, eager = (
        memory_of(case_of(changes))
        for changes in ({}, {"disable_gradient_checkpointing": True}, {"flash_attn": "disabled"})
    )
    assert every.activations > 2 * usual.activations
    assert eager.activations - usual.activations == 8 * 28 * 1000**2
    assert usual.assumed[-2:] == ("gradient checkpointing", "flash or SDPA attention")
    assert every.assumed[-2] == "no gradient checkpointing" and eager.assumed[-1] == "eager attention"


@pytest.mark.parametrize(
    ("changes", "gpus", "memory", "severity", "words"),
    [
        ({"finetuning_type": "full"}, 1, 24, "error", "the weights alone need about 29.6 GiB per GPU, which has 24"),
        ({"finetuning_type": "full"}, None, 24, "warning", "the run needs about 116.9 GiB per GPU"),
        ({"finetuning_type": "full"}, 8, 24, "warning", "the run needs about 116.9 GiB per GPU"),
        ({"finetuning_type": "full", "fsdp": "full_shard"}, 8, 24, None, ""),
        ({"finetuning_type": "full"}, 1, 80, "warning", "29.6 of weights, 85.1 of gradients and optimizer, "),
        ({"finetuning_type": "full"}, 1, 140, None, ""),
        ({"finetuning_type": "full", "deepspeed": ZERO}, 8, 24, None, ""),
        ({}, 1, 24, None, ""),
        ({}, 1, 16, "warning", "the run needs about 17.9 GiB"),
        ({}, 1, 12, "error", "the weights alone need about 15.5 GiB"),
        ({"quantization_bit": 4}, 1, 8, None, ""),
        ({"finetuning_type": "full"}, 1, None, None, ""),
    ],
)
def test_what_does_not_fit_counts(changes, gpus, memory, severity, words):
    found = [item for item in training_findings(case_of(changes, gpus, memory=memory)) if item.code == "CF039"]
    assert [item.severity for item in found] == ([severity] if severity else [])
    assert all(words in item.message for item in found), found
