"""Parameters that are trained, and the bytes of weights, gradients and optimizer: those of the trainer, exactly."""

import json
import subprocess

import pytest

from tests.oracle.compare import ENVIRONMENT, ORACLE, ROOT
from validator.audit.case import training_case
from validator.training.config import make_config
from validator.training.memory import state_of
from validator.training.trained import trained_weights
from validator.training.versions import Versions

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not ORACLE.exists(), reason="the oracle is not beside this checkout (../shared/oracle)"),
    pytest.mark.skipif(not ENVIRONMENT.exists(), reason="the oracle's environment is not there: run ./scripts/oracle"),
]
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
    done = subprocess.run(
        [ENVIRONMENT / "bin" / "python", ROOT / "tests" / "oracle" / "judge_memory.py", ORACLE, model],
        input=json.dumps(CASES),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for name, asked in json.loads(done.stdout).items():
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
