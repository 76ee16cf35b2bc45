"""What `DeepSpeedEngine` refuses of the optimizer and the scheduler that a configuration names.

Source: `_configure_basic_optimizer`, `_do_optimizer_sanity_check` and `_scheduler_from_config` of `runtime/engine.py`,
and `runtime/lr_schedules.py`. Schedulers and optimizers of torch are known by name and parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from validator.training.config import shown
from validator.training.deepspeed_parser.filled import AUTO, DeepSpeedRefusal
from validator.training.deepspeed_parser.parser import stage_of
from validator.training.deepspeed_parser.release import Release

_ONE_BIT = {"onebitadam": "1bit-Adam", "zerooneadam": "0/1 Adam", "onebitlamb": "1bit-Lamb"}
_MADE_BY = {"adam": ("FusedAdam", "DeepSpeedCPUAdam"), "lion": ("FusedLion", "DeepSpeedCPULion")}
_MADE_BY |= {"adagrad": ("Adagrad", "DeepSpeedCPUAdagrad"), "lamb": ("FusedLamb", "FusedLamb")}
_FILLED = ("warmup_num_steps", "total_num_steps")
"""Parameters whose value follows from the number of rows: `auto` is left there where that is not known."""


def refused(values: dict[str, Any], release: Release) -> Iterator[DeepSpeedRefusal]:
    """The refusals of the engine, in its order."""
    optimizer, scheduler = values.get("optimizer"), values.get("scheduler")
    if isinstance(optimizer, dict):
        yield from _optimizer(optimizer, values, release)
    if isinstance(scheduler, dict) and scheduler.get("type") is not None:
        yield from _scheduler(scheduler, release)


def _optimizer(there: dict[str, Any], values: dict[str, Any], release: Release) -> Iterator[DeepSpeedRefusal]:
    named = there.get("type")
    if named is None:
        yield DeepSpeedRefusal("optimizer.type", "TypeError", "attribute name must be string, not 'NoneType'")
        return
    if not isinstance(named, str):
        return  # the parser's own refusal
    known, ours = release.sections("torch"), release.rows("optimizers", "names")
    name = named.lower() if named.lower() in ours else named
    if name not in ours and name not in known:
        yield DeepSpeedRefusal(
            "optimizer.type", "AssertionError", f"{name[:60]} is not a supported DeepSpeed Optimizer"
        )
        return
    params = there.get("params") or {}
    if not isinstance(params, dict):
        return
    if "max_grad_norm" in params:
        says = (
            "'max_grad_norm' is not supported as an optimizer parameter, please switch to using the deepspeed parameter"
        )
        yield DeepSpeedRefusal("optimizer.params.max_grad_norm", "ValueError", f"{says} 'gradient_clipping'")
        return
    stage = _stage(values)
    if name in _ONE_BIT:
        if stage:
            yield DeepSpeedRefusal("optimizer.type", "AssertionError", f"{_ONE_BIT[name]} is not compatible with ZeRO")
        return
    if name.startswith("mu"):
        return  # mup's, and Muon, which sorts the weights
    made, takes = _made_by(name, params, values, release)
    own = ("torch_adam", "adam_w_mode", "fp32_optimizer_states") if name in ("adam", "adamw") else ()
    for key in params:
        if key not in takes and key not in own:
            says = f"got an unexpected keyword argument '{key[:60]}'"
            yield DeepSpeedRefusal(f"optimizer.params.{key}", "TypeError", says)
            return
    if stage and made not in release.value("tested") and not values.get("zero_allow_untested_optimizer"):
        says = "You are using an untested ZeRO Optimizer."
        yield DeepSpeedRefusal("optimizer.type", "AssertionError", says)


def _stage(values: dict[str, Any]) -> int:
    zero = values.get("zero_optimization")
    return stage_of(zero.get("stage")) if isinstance(zero, dict) else 0


def _made_by(name: str, params: dict[str, Any], values: dict[str, Any], release: Release) -> tuple[str, dict[str, Any]]:
    """The class that is made, and the parameters that it takes."""
    kind = "adam" if name == "adamw" else name
    if kind == "adam" and params.get("torch_adam"):
        return "AdamW", release.rows("torch", "AdamW")
    if kind not in _MADE_BY:
        return name, release.rows("torch", name)
    zero = values.get("zero_optimization")
    offload = zero.get("offload_optimizer") if isinstance(zero, dict) else None
    on_cpu = isinstance(offload, dict) and offload.get("device") in ("cpu", "nvme") and _stage(values) > 0
    section = f"{kind} on the CPU" if on_cpu and kind != "lamb" else kind
    return _MADE_BY[kind][on_cpu], release.rows("optimizers", section)


def _scheduler(there: dict[str, Any], release: Release) -> Iterator[DeepSpeedRefusal]:
    name, params = there["type"], there.get("params")
    key = "scheduler.type"
    if not isinstance(name, str):
        yield DeepSpeedRefusal(key, "TypeError", f"attribute name must be string, not '{type(name).__name__}'")
        return
    takes = release.rows("schedulers", name) or release.rows("torch schedulers", name)
    if not takes:
        yield DeepSpeedRefusal(key, "AssertionError", f"DeepSpeed does not recognize LR scheduler {name[:60]}")
        return
    if not isinstance(params, dict):
        says = f"argument after ** must be a mapping, not {type(params).__name__}"
        yield DeepSpeedRefusal("scheduler.params", "TypeError", says)
        return
    for word in params:
        if word not in takes:
            says = f"got an unexpected keyword argument '{word[:60]}'"
            yield DeepSpeedRefusal(f"scheduler.params.{word}", "TypeError", says)
            return
    for word, required in takes.items():
        if required and word not in params:
            yield DeepSpeedRefusal("scheduler.params", "TypeError", f"missing 1 required positional argument: '{word}'")
            return
    yield from _limits(name, params, release)


def _limits(name: str, params: dict[str, Any], release: Release) -> Iterator[DeepSpeedRefusal]:
    """Numbers of steps that DeepSpeed's own schedulers refuse."""
    for word, limit in release.rows("limits", name).items():
        value = params.get(word)
        if (
            word not in params
            or (value == AUTO and word in _FILLED)
            or (value is None and limit != "a positive integer")
        ):
            continue
        number = _number(value)
        if "integer" in limit:
            fits = isinstance(value, int) and value > 0
        else:
            fits = number is not None and (number > 0 or (number == 0 and limit == "non-negative"))
        if not fits:
            yield DeepSpeedRefusal(
                f"scheduler.params.{word}", "ValueError", f"{word} must be {limit}, got {shown(value)}"
            )


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None
