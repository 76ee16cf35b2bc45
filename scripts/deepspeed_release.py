"""Prints what one release of DeepSpeed, the one on the path, takes as a configuration: JSON for make_deepspeed_schema.

    PYTHONPATH=FOLDER/deepspeed-V PYTHON scripts/deepspeed_release.py

Fields of its pydantic models with type, bounds and default; the keys that its parser looks up (it is given mappings
that write down what they are asked for); the keys that it says it removed; its schedulers' and optimizers' parameters.
"""

import contextlib
import enum
import importlib
import inspect
import json
import logging
import os
import pathlib
import re
import sys
import types
import typing

os.environ.update(DS_ACCELERATOR="cpu")
MODELS = {
    "zero_optimization": ("runtime.zero.config", "DeepSpeedZeroConfig"),
    "fp16": ("runtime.precision_config", "DeepSpeedFP16Config"),
    "bf16": ("runtime.precision_config", "DeepSpeedBF16Config"),
    "comms_logger": ("comm.config", "CommsLoggerConfig"),
    "tensorboard": ("monitor.config", "TensorBoardConfig"),
    "wandb": ("monitor.config", "WandbConfig"),
    "csv_monitor": ("monitor.config", "CSVConfig"),
    "comet": ("monitor.config", "CometConfig"),
    "hybrid_engine": ("runtime.config", "HybridEngineConfig"),
    "compile": ("compile.config", "CompileConfig"),
    "tensor_parallel": ("runtime.tensor_parallel.config", "TPTrainingConfig"),
    "timers.throughput": ("utils.config", "DeepSpeedThroughputTimerConfig"),
}
"""Mappings that become a model, which refuses keys that it does not know."""
LOOSE = (
    *("optimizer", "scheduler", "activation_checkpointing", "flops_profiler", "autotuning", "aio", "checkpoint"),
    *("data_types", "fp16", "bf16", "pipeline", "torch_autocast"),
)
"""Mappings whose keys are looked up one by one: others are ignored. FP16 and BF16 are models in later releases."""
OPTIMIZERS = {
    "adam": ("deepspeed.ops.adam", "FusedAdam"),
    "adam on the CPU": ("deepspeed.ops.adam", "DeepSpeedCPUAdam"),
    "lamb": ("deepspeed.ops.lamb", "FusedLamb"),
    "lion": ("deepspeed.ops.lion", "FusedLion"),
    "lion on the CPU": ("deepspeed.ops.lion", "DeepSpeedCPULion"),
    "adagrad": ("torch.optim", "Adagrad"),
    "adagrad on the CPU": ("deepspeed.ops.adagrad", "DeepSpeedCPUAdagrad"),
}
LOOKED_UP = {}


class Noting(dict):
    """A mapping that writes down which keys it is asked for."""

    section = ""

    def note(self, key):
        if isinstance(key, str):
            LOOKED_UP.setdefault(self.section, set()).add(key)

    def get(self, key, default=None):
        self.note(key)
        return super().get(key, default)

    def __contains__(self, key):
        self.note(key)
        return super().__contains__(key)

    def __getitem__(self, key):
        self.note(key)
        return super().__getitem__(key)

    def keys(self):
        return Keys(self)

    def __copy__(self):
        return type(self)(dict(self.items()))


class Keys:
    """The keys of a mapping that writes down what it is asked for."""

    def __init__(self, owner):
        self.owner = owner

    def __iter__(self):
        return iter(LookedFor(key, self.owner) for key in dict.keys(self.owner))

    def __contains__(self, key):
        return key in self.owner


class LookedFor(str):
    """A key in a list of keys: to compare it is to look for the other."""

    def __new__(cls, text, owner):
        made = super().__new__(cls, text)
        made.owner = owner
        return made

    def __eq__(self, other):
        self.owner.note(other)
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def noting(section, values):
    return type("Noting", (Noting,), {"section": section})(values)


def plain(value):
    """A default as JSON."""
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, dict) or hasattr(value, "model_fields") or hasattr(value, "__fields__"):
        return {}
    return value if isinstance(value, (bool, int, float, str, list)) or value is None else str(value)


def kind(annotation, nested):
    """A type as JSON: a name, or one key that says what is in it."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        parts = [kind(part, nested) for part in inner if part is not type(None)]
        made = parts[0] if len(parts) == 1 else {"union": parts}
        return {"optional": made} if type(None) in inner else made
    if origin is typing.Literal:
        return {"literal": list(inner)}
    if origin is list:
        return {"list": kind(inner[0], nested)}
    if origin is dict:
        return "dict"
    if inspect.isclass(annotation):
        if issubclass(annotation, enum.Enum):
            return {"enum": [member.value for member in annotation], "of": annotation.__mro__[1].__name__}
        if hasattr(annotation, "model_fields") or hasattr(annotation, "__fields__"):
            nested.append(annotation)
            return "model"
        if issubclass(annotation, pathlib.Path):
            return "path"
        for plain_type in (bool, int, float, str, dict, list, tuple):  # pydantic 1 makes classes for bounds
            if issubclass(annotation, plain_type):
                return plain_type.__name__
    return "never" if "torch" in str(annotation) else "any"


def fields_of(model, section, found):
    """Every field of a model, and of the models in it, into `found`; the names of its own checks, too."""
    second = hasattr(model, "model_fields") and not model.__module__.startswith("pydantic.v1")
    second = second and "pydantic.v1" not in str(model.__mro__)
    items = (model.model_fields if second else model.__fields__).items()
    rows = {}
    for name, field in items:
        nested = []
        if second:
            row = {"type": kind(field.annotation, nested)}
            for limit in field.metadata:
                row.update({word: getattr(limit, word) for word in ("ge", "gt", "le", "lt") if hasattr(limit, word)})
            extra, default = field.json_schema_extra or {}, field.get_default(call_default_factory=True)
        else:
            row = {"type": kind(field.outer_type_, nested)}
            if field.allow_none:
                row["type"] = {"optional": row["type"]}
            info = field.field_info
            for word in ("ge", "gt", "le", "lt"):
                if getattr(info, word) is not None:
                    row[word] = getattr(info, word)
            extra, default = info.extra, field.get_default()
        if field.alias and field.alias != name:
            row["alias"] = field.alias
        if extra.get("deprecated"):
            row["replaced_by"] = extra.get("new_param", "") if extra.get("set_new_param", True) else ""
        row["default"] = plain(default)
        rows[name] = row
        for inner in nested:
            fields_of(inner, f"{section}.{field.alias or name}", found)
    found["fields"][section] = rows
    found["models"][section] = {"name": model.__name__}
    if second:
        decorators = model.__pydantic_decorators__
        checks = {**decorators.field_validators, **decorators.model_validators}
    else:
        checks = {name: 1 for name in model.__dict__ if isinstance(model.__dict__[name], classmethod)}
    found["checks"][section] = dict.fromkeys(sorted(checks), True)


def parameters(called):
    """{name: required} of a constructor, but for the optimizer or the weights."""
    rows = list(inspect.signature(called).parameters.values())[1:]
    return {row.name: row.default is inspect.Parameter.empty for row in rows if row.kind is row.POSITIONAL_OR_KEYWORD}


def limits(called):
    """{name: what its value must be} of a scheduler's parameters, as its ValueErrors say it."""
    sources = (inspect.getsource(kind) for kind in called.__mro__ if kind is not object)
    return dict(found for source in sources for found in re.findall(r'f"(\w+) must be ([\w -]+), got', source))


def release():
    import deepspeed
    import torch
    from deepspeed.runtime import config, constants, lr_schedules
    from deepspeed.runtime.zero import utils as zero_utils
    from deepspeed.utils import logger

    logger.setLevel(logging.ERROR)
    found = {
        "version": deepspeed.__version__.strip(),
        "models": {},
        "fields": {},
        "checks": {},
        "keys": {},
        "removed": {},
    }
    for section, (module, name) in MODELS.items():
        with contextlib.suppress(ImportError, AttributeError):
            fields_of(getattr(importlib.import_module(f"deepspeed.{module}"), name), section, found)
    values = {"train_batch_size": 1, "optimizer": noting("optimizer", {"type": "adam", "params": {}})}
    values["scheduler"] = noting("scheduler", {"type": "WarmupLR", "params": {}})
    values |= {name: noting(name, {}) for name in LOOSE if name not in values and name not in found["fields"]}
    config.dist.get_rank, config.dist.get_world_size = (lambda *_: 0), (lambda *_: 1)
    if "fp16" not in found["fields"]:
        config.DeepSpeedConfig({**values, "fp16": noting("fp16", {"enabled": True, "initial_scale_power": 1})})
    config.DeepSpeedConfig(noting("", values))
    config.DeepSpeedConfig(noting("", {name: value for name, value in values.items() if name != "bf16"}))
    top = LOOKED_UP.pop("")
    found["keys"] = {"": dict.fromkeys(top, True)}
    found["keys"] |= {name: dict.fromkeys(keys, True) for name, keys in LOOKED_UP.items()}
    found["values"] = {
        "": {
            "gradient_clipping": config.DeepSpeedConfig({"train_batch_size": 1}).gradient_clipping,
            "gradient_allreduce_op": list(getattr(constants, "GRADIENT_ALLREDUCE_OP_SUPPORTED", ())),
            "pydantic": 2 if hasattr(config.HybridEngineConfig, "__pydantic_decorators__") else 1,
            "tested": sorted(kind.__name__ for kind in zero_utils.ZERO_SUPPORTED_OPTIMIZERS),
        }
    }
    for section, name in (("", "_REMOVED_TOP_LEVEL_CONFIG_KEYS"), ("zero_optimization", "_REMOVED_ZERO_CONFIG_KEYS")):
        found["removed"][section] = {
            key: text.split(" See http")[0].strip() for key, text in getattr(config, name, {}).items()
        }
    found["schedulers"] = {name: parameters(getattr(lr_schedules, name)) for name in lr_schedules.VALID_LR_SCHEDULES}
    found["limits"] = {name: limits(getattr(lr_schedules, name)) for name in lr_schedules.VALID_LR_SCHEDULES}
    found["optimizers"] = {"names": dict.fromkeys(config.DEEPSPEED_OPTIMIZERS, True)}
    for name, (module, called) in OPTIMIZERS.items():
        found["optimizers"][name] = parameters(getattr(importlib.import_module(module), called))
    found["torch"] = {
        name: parameters(value)
        for name, value in vars(torch.optim).items()
        if inspect.isclass(value) and issubclass(value, torch.optim.Optimizer) and value is not torch.optim.Optimizer
    }
    found["torch schedulers"] = {
        name: parameters(value)
        for name, value in vars(torch.optim.lr_scheduler).items()
        if inspect.isclass(value) and issubclass(value, torch.optim.lr_scheduler.LRScheduler)
    }
    return found


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        found = release()
    print(json.dumps(found))
