"""The checks of DeepSpeed's models that look at more than one value, by the names that its packages give them.

Each raises what DeepSpeed raises, in its words. Source: `runtime/zero/config.py`, `runtime/zero/leaf_module_config.py`,
`runtime/zenflow/zenflow_config.py` and `runtime/precision_config.py`; the table says which release has which.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pydantic import ValidationInfo, field_validator, model_validator


def offload_ratio_check(model: Any) -> Any:
    """Only ZeRO-3 can offload in part."""
    offload = model.offload_optimizer
    if offload and offload.ratio < 1.0 and model.stage != 3:
        raise AssertionError("Partial offloading only supported for ZeRO Stage 3.")
    return model


def compute_grad_norm_valid(model: Any) -> Any:
    """Only ZeRO-1 and ZeRO-2 can do without the norm."""
    if not model.compute_grad_norm and model.stage not in (1, 2):
        raise ValueError("compute_grad_norm=false is supported only with ZeRO Stage 1 or 2")
    return model


def zenflow_fields(model: Any) -> Any:
    """Words and intervals of ZenFlow."""
    if model.select_strategy not in ("auto", "step", "epoch"):
        raise ValueError('select_strategy must be one of "auto", "step", or "epoch"')
    for name in ("select_interval", "update_interval"):
        value = getattr(model, name)
        if isinstance(value, str) and value != "auto":
            raise ValueError(f'If {name} is a string, it must be "auto"')
    if isinstance(model.update_interval, int) and model.update_interval < 1:
        raise ValueError("If update_interval is a number, it must be at least 1")
    return model


def leaf_modules(values: Any) -> Any:
    """A text is a list of one."""
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise TypeError("leaf_module configuration must be a mapping of fields to values")
    lists = ("classes", "names", "name_suffixes")
    return {key: [value] if key in lists and isinstance(value, str) else value for key, value in values.items()}


def loss_scale(value: Any) -> float:
    """A number that is not below 0."""
    if isinstance(value, bool):
        raise ValueError("fp16.loss_scale must be a number, not bool")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError("fp16.loss_scale must be a number") from None
    if not math.isfinite(number):
        raise ValueError("fp16.loss_scale must be a finite number (not inf/-inf/nan)")
    if number < 0:
        raise ValueError("fp16.loss_scale must be >= 0 (0 enables dynamic loss scaling)")
    return number


def scale_integers(value: Any, info: ValidationInfo) -> Any:
    """Whole numbers, as far as this check goes."""
    field = f"fp16.{info.field_name}"
    if isinstance(value, bool):
        raise ValueError(f"{field} must be an integer, not bool")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{field} must be a finite number (not inf/-inf/nan)")
    try:
        int(value)
    except (TypeError, ValueError):
        raise ValueError(f"{field} must be an integer") from None
    return value


def dynamic_scale(model: Any) -> Any:
    """What a dynamic loss scale divides by."""
    if model.enabled and model.loss_scale == 0:
        for name in ("loss_scale_window", "min_loss_scale"):
            if getattr(model, name) <= 0:
                raise ValueError(f"fp16.{name} must be > 0 when dynamic loss scaling is enabled (loss_scale=0)")
    return model


def _after(check: Callable[[Any], Any]) -> Any:
    return model_validator(mode="after")(lambda model: check(model))


CHECKS: dict[str, Callable[[], Any]] = {
    "offload_ratio_check": lambda: _after(offload_ratio_check),
    "compute_grad_norm_valid": lambda: _after(compute_grad_norm_valid),
    "validate_fields": lambda: _after(zenflow_fields),
    "_coerce_container_types": lambda: model_validator(mode="before")(lambda values: leaf_modules(values)),
    "_validate_loss_scale": lambda: field_validator("loss_scale", mode="before")(lambda value: loss_scale(value)),
    "_reject_non_integer_scale_params": lambda: field_validator("loss_scale_window", "min_loss_scale", mode="before")(
        lambda value, info: scale_integers(value, info)
    ),
    "_validate_dynamic_loss_scale_params": lambda: _after(dynamic_scale),
}
"""Checks that can refuse; the others of the table fill defaults and say warnings."""
REFUSE_NOTHING = ("overlap_comm_valid", "elastic_checkpoint_deprecated", "set_pipeline", "_validate_entries")
KEYS = {
    "Partial offloading": "offload_optimizer.ratio",
    "compute_grad_norm": "compute_grad_norm",
    "fp16.loss_scale_window": "loss_scale_window",
    "fp16.min_loss_scale": "min_loss_scale",
    "select_strategy": "select_strategy",
    "If select_interval": "select_interval",
    "If update_interval": "update_interval",
}
"""The key that a check is about, by the start of its words: pydantic names the model alone."""
