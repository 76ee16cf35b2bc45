"""Inside an environment with one release of DeepSpeed: what transformers, accelerate and it say of configurations.

Follows the trainer's way: `HfTrainerDeepSpeedConfig` and `DeepSpeedPlugin` as TrainingArguments make them, the
precision as Accelerator sets it, `trainer_config_finalize`, accelerate's filling of what is still `auto`,
`DeepSpeedConfig`, then the engine's own making of optimizer and scheduler. No model is loaded and no process group
made: the number of processes is what the case says; optimizers that need a GPU's kernels only have their parameters
bound.
"""

import contextlib
import copy
import functools
import inspect
import json
import logging
import os
import sys
import types
from pathlib import Path

os.environ.update(DS_ACCELERATOR="cpu", TRANSFORMERS_VERBOSITY="error")
HIDDEN, STEPS = 64, 100
SAID = 400


def arguments(given):
    """The training arguments that the filling reads, with transformers' defaults."""
    values = {
        "world_size": 1,
        "per_device_train_batch_size": 8,
        "gradient_accumulation_steps": 1,
        "max_grad_norm": 1.0,
        "learning_rate": 5e-5,
        "adam_beta1": 0.9,
        "adam_beta2": 0.999,
        "adam_epsilon": 1e-8,
        "weight_decay": 0.0,
        "save_on_each_node": False,
        "fp16": False,
        "bf16": False,
        "fp16_full_eval": False,
        "bf16_full_eval": False,
        "warmup_steps": 0,
        **given,
    }
    made = types.SimpleNamespace(**values)
    made.get_warmup_steps = lambda _: int(made.warmup_steps)
    return made


def make(case, modules):
    """Raises what the trainer would raise; yields where it is."""
    transformers_config, plugin_of, config, engine_of, torch = modules
    args = arguments(case["arguments"])
    config.dist.get_rank, config.dist.get_world_size = (lambda *_: 0), (lambda *_: args.world_size)
    yield "transformers"
    mine = transformers_config(copy.deepcopy(case["config"]))
    mine.trainer_config_process(args)
    yield "accelerate"
    plugin = plugin_of(hf_ds_config=mine)
    if mine.is_zero3():
        yield "deepspeed"
        config.DeepSpeedConfig(copy.deepcopy(mine.config))
    yield "accelerate"
    plugin.set_mixed_precision("fp16" if args.fp16 else "bf16" if args.bf16 else "no")
    yield "transformers"
    model = types.SimpleNamespace(config=types.SimpleNamespace(hidden_size=HIDDEN))
    mine.trainer_config_finalize(args, model, STEPS)
    client = "optimizer" not in mine.config
    if client:
        mine.config["zero_allow_untested_optimizer"] = True
    yield "accelerate"
    plugin.fill_match("gradient_accumulation_steps", must_match=False, gradient_accumulation_steps=1)
    micro = plugin.get_value("train_micro_batch_size_per_gpu")
    values = {"gradient_clipping": 1.0, "zero_optimization.stage3_gather_16bit_weights_on_model_save": False}
    if micro is not None:
        values["train_micro_batch_size_per_gpu"] = micro
        values["train_batch_size"] = micro * plugin.get_value("gradient_accumulation_steps") * args.world_size
    squared = HIDDEN * HIDDEN
    values["zero_optimization.reduce_bucket_size"] = squared
    values["zero_optimization.stage3_prefetch_bucket_size"] = int(0.9 * squared)
    values["zero_optimization.stage3_param_persistence_threshold"] = 10 * HIDDEN
    if not client:
        values |= {"optimizer.params.lr": 0.001, "optimizer.params.weight_decay": 0}
    if "scheduler" in mine.config:
        values |= {"scheduler.params.warmup_min_lr": 0, "scheduler.params.warmup_max_lr": 0.001}
        values["scheduler.params.warmup_num_steps"] = 0
    plugin.deepspeed_config_process(must_match=False, **values)
    yield "deepspeed"
    parsed = config.DeepSpeedConfig(plugin.deepspeed_config)
    yield "engine"
    engine = engine_of.__new__(engine_of)
    torch.nn.Module.__init__(engine)
    engine.__dict__.update(_config=parsed, has_moe_layers=False, client_optimizer=None, global_rank=0)
    engine.__dict__.update(zenflow=False, overlap_step=False)
    weights = [torch.nn.Parameter(torch.zeros(2))]
    optimizer = torch.optim.AdamW(weights)
    if not client:
        name = engine.optimizer_name()
        if name is not None:
            assert engine._is_supported_optimizer(name), f"{name} is not a supported DeepSpeed Optimizer"
        made = engine._configure_basic_optimizer(weights)
        from deepspeed.runtime.zero.utils import is_zero_supported_optimizer

        if engine.zero_optimization() and not is_zero_supported_optimizer(made):
            assert engine.zero_allow_untested_optimizer(), "You are using an untested ZeRO Optimizer."
    engine._scheduler_from_config(optimizer)


def bound(called):
    """A constructor that only looks whether its arguments fit."""
    original = called.__init__

    @functools.wraps(original)
    def init(self, *given, **named):
        inspect.signature(original).bind(self, *given, **named)

    called.__init__ = init


def keys_of(error):
    """The keys that pydantic names."""
    with contextlib.suppress(AttributeError, TypeError):
        return sorted({".".join(map(str, item["loc"])) for item in error.errors()})
    return []


def main():
    import deepspeed
    import torch
    from accelerate.utils import DeepSpeedPlugin
    from deepspeed.ops import adagrad, adam, lamb, lion
    from deepspeed.runtime import config
    from deepspeed.runtime.engine import DeepSpeedEngine
    from deepspeed.utils import logger
    from transformers.integrations.deepspeed import HfTrainerDeepSpeedConfig

    logger.setLevel(logging.CRITICAL)
    for module in (adam, adagrad, lamb, lion):
        for name, value in vars(module).items():
            if inspect.isclass(value) and issubclass(value, torch.optim.Optimizer) and "Muon" not in name:
                bound(value)
    modules = HfTrainerDeepSpeedConfig, DeepSpeedPlugin, config, DeepSpeedEngine, torch
    answers = []
    for case in json.loads(Path(sys.argv[1]).read_text()):
        at = None
        try:
            for at in make(case, modules):  # noqa: B007
                pass
            answers.append(None)
        except Exception as error:
            text = " ".join(str(error).split())[:SAID]
            answers.append({"at": at, "error": type(error).__name__, "says": text, "keys": keys_of(error)})
    return {"version": deepspeed.__version__.strip(), "answers": answers}


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        result = main()
    print("ANSWERS " + json.dumps(result))
