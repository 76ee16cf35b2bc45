"""`DeepSpeedConfig`: what it refuses, in its order. Source: `runtime/config.py` of the releases in the table.

Blocks that hardly anybody trains a vision-language model with are not judged: `data_efficiency`, `expert_parallel`,
`weight_quantization`, `datastates_ckpt`, and of what the newest release removed `compression_training`, `elasticity`,
`nebula`, `sparse_attention`, `quantize_training`, `curriculum_learning`, `progressive_layer_drop` in those before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from validator.training.config import shown
from validator.training.deepspeed_parser.coercion import as_bool
from validator.training.deepspeed_parser.filled import AUTO, DeepSpeedRefusal, no_mapping
from validator.training.deepspeed_parser.models import refused_by_model
from validator.training.deepspeed_parser.release import Release

_TYPES = ("fp32", "fp16", "bf16")
_AUTOCAST = (
    *("torch.float16", "fp16", "float16", "half", "torch.float32", "fp32", "float32", "float"),
    *("torch.int8", "int8", "torch.bfloat16", "bf16", "bfloat16"),
)
_TAGS, _WRITERS, _UNITS = ("WARN", "IGNORE", "FAIL"), ("MOCK", "PYTHON", "FAST"), ("REPLICA", "SOCKET", "MACHINE")
_MONITORS = ("tensorboard", "wandb", "csv_monitor", "comet")


def refused(values: dict[str, Any], release: Release, world: int | None) -> Iterator[DeepSpeedRefusal]:
    """Every refusal of a filled configuration, in the parser's order: the real one stops at the first."""
    removed = list(_removed(values, release))
    if removed:
        yield from removed
        return
    for key in ("communication_data_type", _seq_parallel(release)):
        yield from _data_type(values, key)
    yield from _operation(values, release)
    yield from _model("zero_optimization", values.get("zero_optimization", {}), release)
    yield from _loose(values, "activation_checkpointing")
    yield from _models(values, ("comms_logger",), release)
    yield from _monitors(values, release)
    yield from _precision(values, release)
    if "torch_autocast" in release.rows("keys", ""):
        yield from _autocast(values)
    yield from _optimizer_and_scheduler(values)
    yield from _profilers(values)
    yield from _models(values, ("hybrid_engine",), release)
    if not isinstance(values.get("pipeline", {}), dict):
        yield _attribute("pipeline", values["pipeline"], "items")
    yield from _checkpoint(values, release)
    yield from _data_types(values, release)
    if values.get("aio") is not None:
        yield from _loose(values, "aio")
    yield from _models(values, ("compile",), release)
    timers = values.get("timers", {})
    if isinstance(timers, dict) and "throughput" in timers:
        yield from _model("timers.throughput", timers["throughput"], release)
    yield from _models(values, ("tensor_parallel",), release)
    yield from _batches(values, world)
    yield from _together(values, release)


def _removed(values: dict[str, Any], release: Release) -> Iterator[DeepSpeedRefusal]:
    zero = values.get("zero_optimization")
    for section, there in (("", values), ("zero_optimization", zero if isinstance(zero, dict) else {})):
        for key, says in release.rows("removed", section).items():
            if key in there:
                yield DeepSpeedRefusal(f"{section}.{key}".lstrip("."), "DeepSpeedConfigError", says)


def _seq_parallel(release: Release) -> str:
    return next(key for key in release.rows("keys", "") if key.startswith("seq_parallel_comm"))


def _data_type(values: dict[str, Any], key: str) -> Iterator[DeepSpeedRefusal]:
    value = values.get(key)
    if value is None:
        return
    if not isinstance(value, str):
        yield _attribute(key, value, "lower")
    elif value.lower() not in _TYPES:
        says = "Invalid communication_data_type. Supported data types: ['fp16', 'bf16', 'fp32']. Got: "
        yield DeepSpeedRefusal(key, "ValueError", says + value.lower()[:40])


def _operation(values: dict[str, Any], release: Release) -> Iterator[DeepSpeedRefusal]:
    known, key = release.value("gradient_allreduce_op"), "gradient_allreduce_op"
    value = values.get(key, "mean")
    if known and (value.lower() if isinstance(value, str) else value) not in known:
        yield DeepSpeedRefusal(key, "ValueError", f"Invalid {key}. Supported operations: {known}. Got: {shown(value)}")


def _model(section: str, there: Any, release: Release) -> Iterator[DeepSpeedRefusal]:
    """A section that becomes a model: `Model(**there)`."""
    if not isinstance(there, dict):
        says = f"argument after ** must be a mapping, not {type(there).__name__}"
        yield DeepSpeedRefusal(section, "TypeError", says)
        return
    for key, error, says in refused_by_model(section, there, release):
        yield DeepSpeedRefusal(key, error, says)


def _models(values: dict[str, Any], sections: Sequence[str], release: Release) -> Iterator[DeepSpeedRefusal]:
    for section in sections:
        if section in values and release.rows("fields", section):
            yield from _model(section, values[section], release)


def _monitors(values: dict[str, Any], release: Release) -> Iterator[DeepSpeedRefusal]:
    """The monitors are fields of one model, so that `auto` for a whole one counts as absent."""
    for section in _MONITORS:
        there = values.get(section, {})
        if there == AUTO:
            continue
        if not isinstance(there, dict):
            name = release.rows("models", section)["name"]
            says = f"1 validation error for DeepSpeedMonitorConfig: Input should be a valid dictionary or {name}"
            yield DeepSpeedRefusal(section, "ValidationError", says)
        else:
            for refusal in _model(section, there, release):
                if release.value("pydantic") == 1:  # its model looks at `enabled` of what has just failed
                    says = "'NoneType' object has no attribute 'enabled'"
                    yield DeepSpeedRefusal(refusal.key, "AttributeError", says)
                else:
                    yield refusal


def _loose(values: dict[str, Any], section: str) -> Iterator[DeepSpeedRefusal]:
    """A section whose keys are looked up one by one."""
    there = values.get(section, {})
    if not isinstance(there, dict):
        yield no_mapping(section, there)


def _precision(values: dict[str, Any], release: Release) -> Iterator[DeepSpeedRefusal]:
    bf16 = "bf16" if "bf16" in values else "bfloat16"
    if release.rows("fields", "bf16"):
        bf16 = "bf16" if values.get("bf16") is not None else "bfloat16"
        yield from _model("fp16", values.get("fp16", {}), release)
        for refusal in _model("bf16", values.get(bf16, {}), release):
            yield DeepSpeedRefusal(refusal.key.replace("bf16", bf16, 1), refusal.error, refusal.says)
    else:
        for section in ("fp16", bf16):
            yield from _loose(values, section)
        fp16 = values.get("fp16")
        if isinstance(fp16, dict) and fp16.get("enabled"):
            power = fp16.get("initial_scale_power", 16)
            if not isinstance(power, (int, float)):
                says = f"unsupported operand type(s) for ** or pow(): 'int' and '{type(power).__name__}'"
                yield DeepSpeedRefusal("fp16.initial_scale_power", "TypeError", says)
    if _on(values, "fp16") and _on(values, bf16):
        says = "bfloat16 and fp16 modes cannot be simultaneously enabled"
        yield DeepSpeedRefusal("fp16.enabled", "AssertionError", says)


def _on(values: dict[str, Any], section: str, key: str = "enabled") -> bool:
    """Whether a switch is on, as far as it is a switch."""
    there = values.get(section)
    try:
        return isinstance(there, dict) and as_bool(there.get(key))
    except (TypeError, ValueError):
        return False


def _autocast(values: dict[str, Any]) -> Iterator[DeepSpeedRefusal]:
    there = values.get("torch_autocast", {})
    if not isinstance(there, dict):
        yield no_mapping("torch_autocast", there)
        return
    if "dtype" in there and there["dtype"] not in _AUTOCAST:
        says = f"{shown(there['dtype'])} is not a valid DtypeEnum"
        yield DeepSpeedRefusal("torch_autocast.dtype", "ValueError", says)
    key = "lower_precision_safe_modules"
    if key in there and not (isinstance(there[key], (list, str, dict)) and all(isinstance(x, str) for x in there[key])):
        yield DeepSpeedRefusal(f"torch_autocast.{key}", "ValueError", "Invalid module names for torch autocast")


def _optimizer_and_scheduler(values: dict[str, Any]) -> Iterator[DeepSpeedRefusal]:
    for section in ("optimizer", "scheduler"):
        there = values.get(section, {})
        if not isinstance(there, dict):
            yield _attribute(section, there, "keys")
        elif section == "optimizer" and not isinstance(there.get("type"), (str, type(None))):
            yield _attribute("optimizer.type", there["type"], "lower")
    params = values.get("optimizer")
    params = params.get("params") if isinstance(params, dict) and params.get("type") is not None else None
    if params is not None and not isinstance(params, dict):
        yield _attribute("optimizer.params", params, "keys")


def _profilers(values: dict[str, Any]) -> Iterator[DeepSpeedRefusal]:
    yield from _loose(values, "flops_profiler")
    clock, key = values.get("wall_clock_breakdown", False), "wall_clock_breakdown"
    if not isinstance(clock, int):
        says = f"unsupported operand type(s) for |: '{type(clock).__name__}' and 'bool'"
        yield DeepSpeedRefusal(key, "TypeError", says)
    yield from _loose(values, "autotuning")
    there = values.get("autotuning")
    if isinstance(there, dict):
        for name in ("results_dir", "exps_dir"):
            if name in there and not there[name]:
                yield DeepSpeedRefusal(f"autotuning.{name}", "AssertionError", f"{name} cannot be empty")


def _checkpoint(values: dict[str, Any], release: Release) -> Iterator[DeepSpeedRefusal]:
    there = values.get("checkpoint", {})
    if not isinstance(there, dict):
        yield no_mapping("checkpoint", there)
        return
    tag = there.get("tag_validation", "WARN")
    if not isinstance(tag, str):
        yield _attribute("checkpoint.tag_validation", tag, "upper")
    elif tag.upper() not in _TAGS:
        says = f"Checkpoint config contains invalid tag_validation value of {tag.upper()[:40]}"
        yield DeepSpeedRefusal("checkpoint.tag_validation", "DeepSpeedConfigError", says)
    write = there.get("parallel_write", {})
    if not isinstance(write, dict):
        yield no_mapping("checkpoint.parallel_write", write)
    elif write.get("pipeline_stage", False) not in (True, False):
        says = f"checkpoint::parallel_write::pipeline_stage value of {shown(write['pipeline_stage'])} is invalid"
        yield DeepSpeedRefusal("checkpoint.parallel_write.pipeline_stage", "DeepSpeedConfigError", says)
    writer = there.get("writer") if "writer" in release.rows("keys", "checkpoint") else None
    if writer is not None:
        yield from _writer(writer)


def _writer(writer: Any) -> Iterator[DeepSpeedRefusal]:
    if not isinstance(writer, dict):
        yield no_mapping("checkpoint.writer", writer)
        return
    for name, words in (("type", _WRITERS), ("data_parallel", _UNITS)):
        value, key = writer.get(name), f"checkpoint.writer.{name}"
        if value is None:
            continue
        if not isinstance(value, str):
            yield _attribute(key, value, "upper")
        elif value.upper() not in words:
            says = f"writer contains invalid value {value.upper()[:40]} for {name}, expecting one of {list(words)}"
            yield DeepSpeedRefusal(key, "AssertionError", says)


def _data_types(values: dict[str, Any], release: Release) -> Iterator[DeepSpeedRefusal]:
    there = values.get("data_types", {})
    if not isinstance(there, dict):
        yield no_mapping("data_types", there)
        return
    key = "keep_in_fp32_modules"
    if key in release.rows("keys", "data_types") and key in there:
        value = there[key]
        if value != AUTO and not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
            says = f'data_types.{key} must be "auto" or a list of name patterns, got {shown(value)}'
            yield DeepSpeedRefusal(f"data_types.{key}", "DeepSpeedConfigError", says)


def _batches(values: dict[str, Any], world: int | None) -> Iterator[DeepSpeedRefusal]:
    """The arithmetic of `_set_batch_related_parameters` and `_batch_assertion`, for numbers."""
    keys = ("train_batch_size", "train_micro_batch_size_per_gpu", "gradient_accumulation_steps")
    total: Any = values.get(keys[0])
    micro: Any = values.get(keys[1])
    steps: Any = values.get(keys[2])
    if total is None and micro is None:
        says = "Either train_batch_size or train_micro_batch_size_per_gpu needs to be provided"
        yield DeepSpeedRefusal(keys[0], "AssertionError", says)
        return
    if not all(isinstance(value, (int, type(None))) for value in (total, micro, steps)) or world is None:
        return  # a text or a fraction is a mismatch with the training file before it comes here
    steps = 1 if steps is None else steps
    if total is None:
        total = micro * steps * world
    elif micro is None:
        micro = total // world // steps if steps else 0
    names = ("Train batch size", "Micro batch size per gpu", "Gradient accumulation steps")
    for key, name, value in zip(keys, names, (total, micro, steps), strict=True):
        if value <= 0:
            yield DeepSpeedRefusal(key, "AssertionError", f"{name}: {value} has to be greater than 0")
            return
    if total != micro * steps * world:
        says = (
            "Check batch related parameters. train_batch_size is not equal to micro_batch_per_gpu * gradient_acc_step "
            f"* world_size {total} != {micro} * {steps} * {world}"
        )
        yield DeepSpeedRefusal("train_batch_size", "AssertionError", says)


def _together(values: dict[str, Any], release: Release) -> Iterator[DeepSpeedRefusal]:
    """`_do_error_check`: options that exclude each other."""
    zero = values.get("zero_optimization")
    zero = zero if isinstance(zero, dict) else {}
    stage = stage_of(zero.get("stage"))
    operation = values.get("gradient_allreduce_op", "mean")
    if release.value("gradient_allreduce_op") and isinstance(operation, str) and operation.lower() == "sum":
        excluded = {
            "ZeRO stage 3": stage == 3,
            "ZenFlow": zero.get("zenflow") is not None,
            "DeepCompile": _on(values, "compile", "deepcompile"),
        }
        for what, there in excluded.items():
            if there:
                says = f"gradient_allreduce_op='sum' is not supported with {what}"
                yield DeepSpeedRefusal("gradient_allreduce_op", "ValueError", says)
    new = "bf16_master_weights_and_grads" in release.rows("fields", "bf16")
    stages = (1, 2, 3) if new else (2,)
    named = "Stage 1, 2, or 3." if new else "Stage 2 for now."
    only = (
        ("fp16", "fp16_master_weights_and_grads", "Fp16_master_weights_and_grads", True),
        ("bf16", "bf16_master_weights_and_grads", "Bf16_master_weights_and_grads", new),
        ("bf16", "bf16_optimizer_states", "bf16_optimizer_states", new),
    )
    for section, key, name, known in only:
        needs_on = not release.rows("fields", section)  # a switch of FP16 that is off, in releases without a model
        if known and _on(values, section, key) and stage not in stages and (not needs_on or _on(values, section)):
            says = f"{name} is only supported with ZeRO {named}"
            yield DeepSpeedRefusal(f"{section}.{key}", "AssertionError", says)
    if new and _on(values, "bf16", "bf16_optimizer_states") and not _on(values, "bf16", only[1][1]):
        says = "bf16_optimizer_states requires bf16_master_weights_and_grads to be enabled."
        yield DeepSpeedRefusal("bf16.bf16_optimizer_states", "AssertionError", says)


def stage_of(value: Any) -> int:
    """ZeRO's stage as DeepSpeed's own model reads it: a text that is a number counts; 0 without one."""
    try:
        stage = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return int(stage) if stage in (0, 1, 2, 3) else 0


def _attribute(key: str, value: Any, name: str) -> DeepSpeedRefusal:
    return DeepSpeedRefusal(key, "AttributeError", f"'{type(value).__name__}' object has no attribute '{name}'")
