"""Parameters that are trained, and the bytes of weights, gradients and optimizer: those of the trainer, exactly."""

import json

import pytest

from tests.environments import ORACLE, needs_oracle
from tests.judges import run_judge
from validator.auditing.case import training_case
from validator.training.config import make_config
from validator.training.memory import activation_bytes, state_of
from validator.training.shape import ModelShape
from validator.training.trained import trained_weights
from validator.training.versions import Versions

pytestmark = needs_oracle
CASES = {
    "full": {"finetuning_type": "full"},
    "all parts": {
        "finetuning_type": "full",
        "freeze_vision_tower": False,
        "freeze_multi_modal_projector": False,
    },
    "projector alone": {
        "finetuning_type": "full",
        "freeze_language_model": True,
        "freeze_multi_modal_projector": False,
    },
    "pure BF16": {"finetuning_type": "full", "pure_bf16": True},
    "lora": {"finetuning_type": "lora"},
    "rank 16": {"finetuning_type": "lora", "lora_rank": 16},
    "two targets": {"finetuning_type": "lora", "lora_target": "q_proj,v_proj"},
    "vision tower": {"finetuning_type": "lora", "freeze_vision_tower": False},
    "projector beside": {"finetuning_type": "lora", "additional_target": "visual.merger"},
    "embedding beside": {"finetuning_type": "lora", "additional_target": "embed_tokens,lm_head"},
    "dora": {"finetuning_type": "lora", "use_dora": True},
    "freeze": {"finetuning_type": "freeze", "freeze_trainable_layers": 1},
    "sgd": {"finetuning_type": "full", "optim": "sgd"},
    "rmsprop": {"finetuning_type": "full", "optim": "rmsprop"},
    "adagrad": {"finetuning_type": "full", "optim": "adagrad"},
    "adafactor": {"finetuning_type": "full", "optim": "adafactor"},
}
FACTORED = ("adafactor",)
"""They keep a row and a column of each matrix, which is counted as nothing."""


def test_bytes_are_the_trainers(tmp_path):
    model = tmp_path / "model"
    answers = run_judge(ORACLE, "tests.oracle.judge_memory", model, text=json.dumps(CASES))
    for name, asked in json.loads(answers).items():
        given = make_config({"model_name_or_path": str(model), "bf16": True, **CASES[name]})
        case = training_case(given, Versions({}))
        weights, gradients, optimizer, _ = state_of(case, case.shape)
        ours = {
            "trained": trained_weights(given, case.shape),
            "weights": weights,
            "gradients": gradients,
            "optimizer": optimizer,
        }
        if name in FACTORED:
            assert asked.pop("optimizer") < 0.05 * gradients and not ours.pop("optimizer")
        assert ours == asked, name


SHAPES = (
    {"hidden": 256, "inner": 1024, "layers": 4, "words": 8192, "lines": ""},
    {"hidden": 256, "inner": 1024, "layers": 8, "words": 8192, "lines": ""},
    {"hidden": 512, "inner": 1024, "layers": 4, "words": 4096, "lines": ""},
    {"hidden": 256, "inner": 1024, "layers": 8, "words": 8192, "lines": "disable_gradient_checkpointing: true\n"},
    {"hidden": 512, "inner": 2048, "layers": 4, "words": 8192, "lines": "disable_gradient_checkpointing: true\n"},
)


def test_activations_a_token_are_the_trainers():
    answers = run_judge(ORACLE, "tests.oracle.judge_activations", text=json.dumps(SHAPES))
    for case, measured in zip(SHAPES, json.loads(answers), strict=True):
        shape = ModelShape(
            "tiny", case["layers"], case["hidden"], case["inner"], case["words"], heads=4, key_heads=2, tied=False
        )
        ours = activation_bytes(1, shape, checkpointing=not case["lines"])
        assert ours == pytest.approx(measured, rel=0.07), case
