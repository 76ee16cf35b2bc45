"""DeepSpeed configurations for the comparison with DeepSpeed itself: every key with values of every kind, and pairs.

The keys are those of the table, of all releases; what is right comes from the real parser alone.
"""

import random
from importlib.resources import files

import orjson

WORLD = 2
BASE = {
    "train_batch_size": "auto",
    "train_micro_batch_size_per_gpu": "auto",
    "gradient_accumulation_steps": "auto",
    "gradient_clipping": "auto",
    "bf16": {"enabled": "auto"},
    "zero_optimization": {"stage": 2},
}
GIVEN = {
    "bf16": True,
    "per_device_train_batch_size": 1,
    "gradient_accumulation_steps": 4,
    "learning_rate": 1e-5,
}
ANY = (
    True,
    False,
    0,
    1,
    -1,
    2,
    1.5,
    2.0,
    5e8,
    "1",
    "2.0",
    "true",
    "no",
    "text",
    "",
    None,
    "auto",
    [],
    ["a"],
    {},
    -2.5,
)
TOP = {
    "train_batch_size": (8, 16, "8", 8.0, 0, -8, None, 7),
    "train_micro_batch_size_per_gpu": (1, 2, "1", 1.0, 0, None),
    "gradient_accumulation_steps": (4, 1, "4", 4.0, 0, None),
    "gradient_clipping": (1.0, 1, 0.5, "1.0", 0, None, True),
    "communication_data_type": ("fp16", "BF16", "int8", "auto", 16, None),
    "seq_parallel_communication_data_type": ("fp32", "x", 1),
    "gradient_allreduce_op": ("sum", "mean", "SUM", "max", "auto", 1),
    "prescale_gradients": (True, "x"),
    "steps_per_print": (10, "10", None),
    "wall_clock_breakdown": (True, False, 1, "true", 1.5, None, "auto"),
    "sparse_gradients": (False, True),
    "amp": ({"enabled": False}, {"enabled": "auto"}),
    "elasticity": ({"enabled": False},),
    "graph_harvesting": (False,),
    "nebula": ({"enabled": False},),
    "zero_allow_untested_optimizer": (True, "x"),
    "zero_optimization": (True, False, None, [], "2", 2, {}),
    "fp16": (None, True, {}, {"enabled": True}, {"enabled": False}, {"enabled": "auto"}, {"enabled": "true"}),
    "bf16": (None, True, {}, {"enabled": False}, {"enabled": "true"}, {"enabled": 1}, [], "auto"),
    "bfloat16": ({"enabled": True}, {"enable": True}, None),
    "torch_autocast": ({"enabled": True, "dtype": "bfloat16"}, {"dtype": "bf32"}, {"dtype": None}, True, None,
                       {"lower_precision_safe_modules": [1]}, {"lower_precision_safe_modules": ["torch.nn.Linear"]}),
    "activation_checkpointing": ({"partition_activations": "x"}, True, None, []),
    "flops_profiler": ({"enabled": False}, {"enable": True}, None, 1),
    "autotuning": ({"enabled": False}, {"results_dir": ""}, {"exps_dir": None}, None),
    "pipeline": ({}, [], None, {"stages": "auto"}),
    "aio": ({"block_size": 1}, None, [], 1),
    "checkpoint": ({}, {"tag_validation": "fail"}, {"tag_validation": "x"}, {"tag_validation": 1}, None,
                   {"parallel_write": {"pipeline_stage": "x"}}, {"parallel_write": None}, {"load_universal": True},
                   {"writer": {"type": "fast"}}, {"writer": {"type": "slow"}}, {"writer": {"type": 1}}),
    "data_types": ({"grad_accum_dtype": "fp32"}, None, {"keep_in_fp32_modules": "x"}, {"keep_in_fp32_modules": ["x"]}),
    "timers": ({"throughput": {"enabled": False}}, {"throughput": {"enable": False}}, {}, {"throughput": None}),
    "gradient_cliping": (1.0,),
    "zero_optimisation": ({"stage": 2},),
    "_comment": ("text",),
}  # fmt: skip
WARMUP = {"warmup_min_lr": 0, "warmup_max_lr": 1e-5, "warmup_num_steps": "auto"}
SCHEDULERS = (
    {"type": "WarmupLR", "params": WARMUP},
    {"type": "WarmupLR", "params": {**WARMUP, "warmup_num_steps": 0}},
    {"type": "WarmupLR", "params": {**WARMUP, "warmup_num_steps": 10}},
    {"type": "WarmupLR", "params": {**WARMUP, "warmup_type": "auto"}},
    {"type": "WarmupLR", "params": {**WARMUP, "warmup_steps": 5}},
    {"type": "WarmupLR", "params": {**WARMUP, "warmup_max_lr": 2e-5}},
    {"type": "WarmupLR", "params": {}},
    {"type": "WarmupLR"},
    {"type": "WarmupDecayLR", "params": {**WARMUP, "total_num_steps": "auto"}},
    {"type": "WarmupDecayLR", "params": WARMUP},
    {"type": "WarmupCosineLR", "params": {"total_num_steps": "auto", "warmup_num_steps": 0}},
    {"type": "WarmupCosineLR", "params": {"total_num_steps": "auto", "cos_min_ratio": 0.1}},
    {"type": "WarmupCosineLR", "params": WARMUP},
    {"type": "LRRangeTest", "params": {"lr_range_test_step_size": 0}},
    {"type": "LRRangeTest", "params": {"lr_range_test_step_size": 5.5}},
    {"type": "LRRangeTest", "params": {}},
    {"type": "OneCycle", "params": {"cycle_min_lr": 0.1, "cycle_max_lr": 0.2}},
    {"type": "OneCycle", "params": {"cycle_min_lr": 0.1, "cycle_max_lr": 0.2, "cycle_first_step_size": -1}},
    {"type": "OneCycle", "params": {"cycle_min_lr": 0.1}},
    {"type": "StepLR", "params": {"step_size": 3}},
    {"type": "StepLR", "params": {"steps": 3}},
    {"type": "Cosine", "params": {}},
    {"type": "warmuplr", "params": {}},
    {"params": {}},
    {},
    None,
    "WarmupLR",
    {"type": 1, "params": {}},
    {"type": "WarmupLR", "params": "x"},
)
ADAM = {"lr": "auto", "betas": "auto", "eps": "auto", "weight_decay": "auto"}
OPTIMIZERS = (
    {"type": "AdamW", "params": ADAM},
    {"type": "adamw", "params": {**ADAM, "lr": 1e-5}},
    {"type": "AdamW", "params": {**ADAM, "lr": 2e-5}},
    {"type": "AdamW", "params": {**ADAM, "betas": [0.9, 0.95]}},
    {"type": "AdamW", "params": {**ADAM, "torch_adam": True}},
    {"type": "AdamW", "params": {**ADAM, "torch_adam": "auto"}},
    {"type": "Adam", "params": {**ADAM, "adam_w_mode": False}},
    {"type": "Adam", "params": {**ADAM, "learning_rate": 1}},
    {"type": "Adam", "params": {"lr": "auto", "max_grad_norm": 1.0}},
    {"type": "AdamW"},
    {"type": "AdamW", "params": None},
    {"type": "AdamW", "params": "x"},
    {"type": "OneBitAdam", "params": {"lr": "auto"}},
    {"type": "ZeroOneAdam", "params": {"lr": "auto"}},
    {"type": "Lamb", "params": {"lr": "auto"}},
    {"type": "Lion", "params": {"lr": "auto", "betas": "auto"}},
    {"type": "Lion", "params": {"lr": "auto", "eps": "auto"}},
    {"type": "Adagrad", "params": {"lr": "auto"}},
    {"type": "SGD", "params": {"lr": "auto", "momentum": 0.9}},
    {"type": "SGD", "params": {"lr": "auto", "momenta": 0.9}},
    {"type": "sgd", "params": {"lr": "auto"}},
    {"type": "Adafactor", "params": {}},
    {"type": "paged_adamw_8bit", "params": {}},
    {"params": ADAM},
    {},
    None,
    "AdamW",
    {"type": 1},
    {"type": "AdamW", "params": ADAM, "legacy_fusion": True},
)
SECTIONS = (
    *("zero_optimization", "fp16", "bf16", "comms_logger", "tensorboard", "wandb", "hybrid_engine", "compile"),
    *("tensor_parallel", "timers"),
)
HALF = {"bf16": False, "fp16": True}
ZERO_3 = {"stage": 3}


def fields():
    """{section: {key: type}} of all releases; a key with an alias by its alias."""
    table = orjson.loads(files("validator.assets").joinpath("deepspeed.json").read_bytes())["fields"]
    found = {}
    for section, rows in table.items():
        for name, history in rows.items():
            row = next(row for row in reversed(list(history.values())) if row is not None)
            found.setdefault(section, {})[row.get("alias", name)] = row
    return found


def put(config, path, value):
    """A configuration with a value at a dotted key."""
    word, dot, rest = path.partition(".")
    there = config.get(word)
    inner = put(there if isinstance(there, dict) else {}, rest, value) if dot else value
    return {**config, word: inner}


def typo(word, chance):
    place = chance.randrange(1, len(word))
    return word[:place] + word[place + 1 :]


def cases(seed=18, count=420):
    """[{"config", "arguments"}], the same for the same seed."""
    chance = random.Random(seed)
    found = [(BASE, {})]
    found += [(put(BASE, key, value), {}) for key, values in TOP.items() for value in values]
    found += [({key: value for key, value in BASE.items() if key != gone}, {}) for gone in BASE]
    found += [(put(BASE, "scheduler", there), {}) for there in SCHEDULERS]
    found += [(put(BASE, "scheduler", there), {"warmup_steps": 10}) for there in SCHEDULERS[:4]]
    found += [(put(BASE, "optimizer", there), {}) for there in OPTIMIZERS]
    offload = put(BASE, "zero_optimization.offload_optimizer", {"device": "cpu"})
    found += [(put(offload, "optimizer", there), {}) for there in OPTIMIZERS[:8]]
    allowed = put(BASE, "zero_allow_untested_optimizer", True)
    found += [(put(allowed, "optimizer", OPTIMIZERS[number]), {}) for number in (14, 15, 18, 19)]
    known = fields()
    paths = [
        (f"{section}.{key}", row)
        for section, rows in known.items()
        if section.split(".")[0] in SECTIONS
        for key, row in rows.items()
    ]
    zero = [path for path in paths if path[0].startswith("zero_optimization")]
    for path, row in paths:
        for value in chance.sample(ANY, 2 if path.startswith("zero_optimization") else 1):
            base = put(BASE, "zero_optimization.stage", 3) if "stage3" in path and chance.random() < 0.5 else BASE
            found.append((put(base, path, value), {}))
        if "enum" in str(row["type"]) and isinstance(row["type"], dict):
            found += [
                (put(BASE, path, value), {}) for value in (*row["type"].get("enum", ()), 4, "4", "2", "cpu ", "gpu")
            ]
    for section in sorted(known):
        if section.split(".")[0] in SECTIONS:
            key = chance.choice(sorted(known[section]))
            found.append((put(BASE, f"{section}.{typo(key, chance)}", chance.choice(ANY)), {}))
            found.append((put(BASE, f"{section}.{key} ", 1), {}))
    for _ in range(40):
        (first, _a), (second, _b) = chance.sample(zero, 2)
        found.append((put(put(BASE, first, chance.choice(ANY)), second, chance.choice(ANY)), {}))
    found += PAIRS
    chance.shuffle(found)
    kept = found if count is None else [found[0], *found[1:count]]
    return [{"config": config, "arguments": {**GIVEN, "world_size": WORLD, **more}} for config, more in kept]


def zero(**values):
    return {**BASE, "zero_optimization": {"stage": 2, **values}}


PAIRS = [
    (zero(cpu_offload=True, offload_optimizer={"device": "cpu"}), {}),
    (zero(cpu_offload=True), {}),
    (zero(cpu_offload=False, offload_optimizer={"device": "cpu"}), {}),
    (zero(offload_optimizer={"device": "cpu", "ratio": 0.5}), {}),
    (zero(stage=3, offload_optimizer={"device": "cpu", "ratio": 0.5}), {}),
    (zero(stage=1, compute_grad_norm=False), {}),
    (zero(stage=3, compute_grad_norm=False), {}),
    ({**zero(stage=3), "gradient_allreduce_op": "sum"}, {}),
    ({**BASE, "bf16": {"enabled": True, "bf16_optimizer_states": True}}, {}),
    ({**BASE, "bf16": {"enabled": True, "bf16_optimizer_states": True, "bf16_master_weights_and_grads": True}}, {}),
    ({**zero(stage=0), "bf16": {"enabled": True, "bf16_master_weights_and_grads": True}}, {}),
    (
        {**BASE, "fp16": {"enabled": True, "loss_scale_window": 0}, "bf16": {"enabled": False}},
        {"bf16": False, "fp16": True},
    ),
    (
        {**BASE, "fp16": {"enabled": "auto", "loss_scale": -1}, "bf16": {"enabled": "auto"}},
        {"bf16": False, "fp16": True},
    ),
    ({**BASE, "fp16": {"enabled": True, "initial_scale_power": "16"}}, HALF),
    ({**BASE, "fp16": {"enabled": True, "fp16_master_weights_and_grads": True}}, HALF),
    (
        {**zero(stage=1), "fp16": {"enabled": True, "fp16_master_weights_and_grads": True}},
        {"bf16": False, "fp16": True},
    ),
    (zero(overlap_comm="auto"), {}),
    (zero(stage=3, overlap_comm="auto"), {}),
    (zero(stage="3"), {}),
    (zero(stage="auto"), {}),
    (zero(stage=3, stage3_param_persistence_threshold="auto", stage3_max_live_parameters="auto"), {}),
    (
        zero(reduce_bucket_size="auto", stage3_prefetch_bucket_size="auto", stage3_param_persistence_threshold="auto"),
        {},
    ),
    (zero(strict=True), {}),
    (zero(prefetch_bucket_size=1, stage3_prefetch_bucket_size=2), {}),
    ({key: value for key, value in BASE.items() if not key.startswith("train")}, {}),
    ({key: value for key, value in BASE.items() if not key.startswith("gradient_acc")}, {}),
    ({key: value for key, value in BASE.items() if key not in ("train_batch_size", "gradient_clipping")}, {}),
]
