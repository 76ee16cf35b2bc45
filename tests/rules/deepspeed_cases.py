"""DeepSpeed's part of training files: what is wrong, with its codes, and what is fine."""

from tests.rules.training_runs import (
    CHECK,
    CHECKED,
    UNCHECKED,
    WARMUP,
    ZERO2,
    ZERO3,
    zero2,
)

BAD = {
    "0.14.4": ({}, {"deepspeed": ZERO2, "versions": {"deepspeed": "0.14.4"}}, "CF004"),
    "0.14.4 with a switch that it does not know": (
        {},
        {"deepspeed": CHECKED, "versions": {"deepspeed": "0.14.4"}},
        "CF004 CF027",
    ),
    "0.17.0": ({}, {"deepspeed": ZERO2, "versions": {"deepspeed": "0.17.0"}}, "CF004"),
    "0.18.2, whose check is off by default": ({}, {"deepspeed": ZERO2, "versions": {"deepspeed": "0.18.2"}}, "CF004"),
    "check switched off": ({}, {"deepspeed": UNCHECKED}, "CF005"),
    "no DeepSpeed": ({}, {}, "CF006"),
    "ZeRO-3 of 0.19.0": ({}, {"deepspeed": ZERO3, "versions": {"deepspeed": "0.19.0"}}, "CF006"),
    "version not known": ({}, {"deepspeed": ZERO2, "versions": {}}, "CF006"),
    "overlap": (
        {},
        {
            "deepspeed": {**zero2(overlap_comm=True), "bf16": {"enabled": True, "check_grad_overflow": True}},
            "versions": {"deepspeed": "0.18.2"},
        },
        "CF007",
    ),
    "accumulation differs": ({}, {"deepspeed": {**ZERO2, "gradient_accumulation_steps": 8}}, "CF009"),
    "total batch differs": ({}, {"deepspeed": {**ZERO2, "train_batch_size": 32}, "gpus": 8}, "CF009"),
    "clipping differs": ({}, {"deepspeed": {**ZERO2, "gradient_clipping": 0.5}}, "CF009"),
    "precision differs": ({"bf16": False}, {"deepspeed": {**ZERO2, "bf16": {"enabled": True}}}, "CF009"),
    "file that is not there": ({"deepspeed": "nowhere/ds.json"}, {}, "CF009"),
    "no clipping": ({"max_grad_norm": 0}, {"deepspeed": {**ZERO2, "gradient_clipping": "auto"}}, "CF010"),
    "clipping that 0.19.2 does not do by default": (
        {},
        {"deepspeed": {**CHECKED, "gradient_clipping": ...}, "versions": {"deepspeed": "0.19.2"}},
        "CF010",
    ),
    "clipping at DeepSpeed's default": (
        {"max_grad_norm": 0.5},
        {"deepspeed": {**ZERO2, "gradient_clipping": ...}},
        "CF028",
    ),
    "stage 3 as text": ({}, {"deepspeed": zero2(stage="3")}, "CF028"),
    "unknown key of ZeRO": ({}, {"deepspeed": zero2(reduce_bucket_sizes=1)}, "CF026"),
    "fraction of an element": ({}, {"deepspeed": zero2(reduce_bucket_size=1.5)}, "CF026"),
    "stage 4": ({}, {"deepspeed": zero2(stage=4)}, "CF006 CF026"),
    "auto that nothing fills": ({}, {"deepspeed": zero2(overlap_comm="auto")}, "CF026"),
    "bucket of nothing from 0.19.6 on": ({}, {"deepspeed": zero2(reduce_bucket_size=0)}, "CF026"),
    "removed key that is off": ({}, {"deepspeed": {**ZERO2, "sparse_gradients": False}}, "CF026"),
    "no warmup from 0.19.3 on": ({}, {"deepspeed": {**ZERO2, "scheduler": WARMUP}}, "CF026"),
    "mistyped key at the top": ({}, {"deepspeed": {**ZERO2, "gradient_cliping": 1.0}}, "CF027"),
}
FINE = {
    "ZeRO-2 of 0.19.8": ({}, {"deepspeed": ZERO2}),
    "ZeRO-2 of 0.17.1 with the check on": (
        {},
        {
            "deepspeed": {**ZERO2, "bf16": {"enabled": True, "check_grad_overflow": True}},
            "versions": {"deepspeed": "0.17.1"},
        },
    ),
    "ZeRO-3 of 0.19.8": ({}, {"deepspeed": ZERO3}),
    "overlap of 0.19.0": (
        {},
        {
            "deepspeed": {**zero2(overlap_comm=True), "bf16": {"enabled": True, "check_grad_overflow": True}},
            "versions": {"deepspeed": "0.19.0"},
        },
    ),
    "stage as text": ({}, {"deepspeed": zero2(stage="2")}),
    "clipping by default": ({}, {"deepspeed": {**ZERO2, "gradient_clipping": ...}}),
    "clipping that DeepSpeed does, whatever max_grad_norm says": (
        {"max_grad_norm": 1.0},
        {"deepspeed": {**ZERO2, "gradient_clipping": 1}},
    ),
    "bucket of nothing before 0.19.6": (
        {},
        {"deepspeed": {**CHECKED, **zero2(reduce_bucket_size=0), **CHECK}, "versions": {"deepspeed": "0.19.2"}},
    ),
    "removed keys before they were removed": (
        {},
        {
            "deepspeed": {**CHECKED, "sparse_gradients": False, "elasticity": {"enabled": False}},
            "versions": {"deepspeed": "0.19.2"},
        },
    ),
    "no warmup before 0.19.3": (
        {},
        {"deepspeed": {**CHECKED, "scheduler": WARMUP}, "versions": {"deepspeed": "0.19.2"}},
    ),
    "warmup of ten steps": ({"warmup_steps": 10}, {"deepspeed": {**ZERO2, "scheduler": WARMUP}}),
    "total batch that fits": ({}, {"deepspeed": {**ZERO2, "train_batch_size": 8}, "gpus": 8}),
    "total batch without a number of GPUs": ({}, {"deepspeed": {**ZERO2, "train_batch_size": 64}}),
}
