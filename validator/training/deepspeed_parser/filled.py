"""What transformers and accelerate make of a DeepSpeed configuration before DeepSpeed sees it, and what they refuse.

Source: `transformers/integrations/deepspeed.py` (5.6.0), `DeepSpeedPlugin` and `Accelerator._prepare_deepspeed` of
accelerate 1.11.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from validator.training.config import TrainingConfig, shown
from validator.training.versions import Versions

AUTO = "auto"
DEPTH = 50
"""Levels of mappings that are looked into; DeepSpeed's have four."""


@dataclass(frozen=True, slots=True)
class DeepSpeedRefusal:
    """One refusal: the key, the exception, its words. `late`: only after data are preprocessed and the model is loaded;
    `mismatch`: the key of the training file that says otherwise, and its value.
    """

    key: str
    error: str
    says: str
    late: bool = True
    mismatch: tuple[str, Any] | None = None


class RefusedError(Exception):
    """Carries the refusal at which a step ends."""

    def __init__(self, refusal: DeepSpeedRefusal) -> None:
        super().__init__(refusal.says)
        self.refusal = refusal


@dataclass(slots=True)
class Filling:
    """A configuration on its way to DeepSpeed, changed in place. `world` is the number of GPUs, None where not known;
    `steps` of warmup, None where they depend on the number of rows.
    """

    raw: dict[str, Any]
    config: TrainingConfig
    world: int | None
    versions: Versions
    hidden: int | None
    mismatches: list[DeepSpeedRefusal] = field(default_factory=list)

    def node(self, key: str) -> tuple[dict[str, Any] | None, str]:
        """The mapping that would hold a dotted key, None where there is none. Raises RefusedError for what is none."""
        *path, last = key.split(".")
        node: Any = self.raw
        for number, word in enumerate(path):
            node = node.get(word)
            if node is None:
                return None, last
            if not isinstance(node, dict):
                raise RefusedError(no_mapping(".".join(path[: number + 1]), node, late=False))
        return node, last

    def get(self, key: str) -> Any:
        """The value at a dotted key, None where there is none."""
        node, last = self.node(key)
        return None if node is None else node.get(last)

    def fill(self, key: str, value: Any, name: str | None = None) -> None:
        """Put a value for `auto`; another value than that is a mismatch with `name`, where one is given."""
        node, last = self.node(key)
        if node is None or value is None:
            return
        there = node.get(last)
        if there == AUTO:
            node[last] = value
        elif name is not None and there is not None and there != value:
            self.mismatches.append(
                DeepSpeedRefusal(
                    key,
                    "ValueError",
                    "Please correct the following DeepSpeed config values that mismatch TrainingArguments values:"
                    f" - ds {key}={shown(there)} vs hf {name}={shown(value)}",
                    mismatch=(name, value),
                )
            )

    @property
    def is_zero_3(self) -> bool:
        """Whether transformers takes it for ZeRO-3: the number, not the text."""
        return bool(self.get("zero_optimization.stage") == 3)


def no_mapping(key: str, value: Any, *, late: bool = True) -> DeepSpeedRefusal:
    """The refusal of a value that is asked for a key."""
    return DeepSpeedRefusal(key, "AttributeError", f"'{type(value).__name__}' object has no attribute 'get'", late=late)


def filling(
    raw: dict[str, Any], config: TrainingConfig, *, world: int | None, versions: Versions, hidden: int | None
) -> Filling:
    """A configuration before anything is filled in."""
    return Filling(_copied(raw, DEPTH), config, world, versions, hidden)


def _copied(values: dict[str, Any], depth: int) -> dict[str, Any]:
    """Mappings copied, so that they can be filled."""
    return {
        key: _copied(value, depth - 1) if isinstance(value, dict) and depth else value for key, value in values.items()
    }


def at_the_start(filled: Filling) -> None:
    """When the training file is read: `trainer_config_process` and `DeepSpeedPlugin`. Raises RefusedError."""
    config = filled.config
    filled.get("zero_optimization.stage")
    for key, name, value in _of_training_file(config, filled.world):
        filled.fill(key, value, name)
    filled.fill("scheduler.params.warmup_min_lr", 0)
    filled.fill("scheduler.params.warmup_max_lr", config["learning_rate"], "learning_rate")
    if config["save_on_each_node"]:
        checkpoint = filled.raw.setdefault("checkpoint", {})
        if isinstance(checkpoint, dict):
            checkpoint["use_node_local_storage"] = True
    for precision in ("fp16", "bf16"):
        names = f"{precision}|{precision}_full_eval"
        filled.fill(f"{precision}.enabled", bool(config[precision] or config[f"{precision}_full_eval"]), names)
    filled.raw.setdefault("gradient_accumulation_steps", 1)
    if "zero_optimization" not in filled.raw:
        says = "Please specify the ZeRO optimization config in the DeepSpeed config."
        raise RefusedError(DeepSpeedRefusal("zero_optimization", "ValueError", says, late=False))
    for key, value in _OF_ACCELERATE.items():
        filled.fill(key, value)


def _of_training_file(config: TrainingConfig, world: int | None) -> Iterator[tuple[str, str, Any]]:
    total = None if world is None else world * config.rows_per_step
    yield (
        "train_micro_batch_size_per_gpu",
        "per_device_train_batch_size",
        config["per_device_train_batch_size"],
    )
    yield "gradient_accumulation_steps", "gradient_accumulation_steps", config["gradient_accumulation_steps"]
    yield "train_batch_size", "train_batch_size (calculated)", total
    yield "gradient_clipping", "max_grad_norm", config["max_grad_norm"]
    yield "optimizer.params.lr", "learning_rate", config["learning_rate"]
    yield "optimizer.params.betas", "adam_beta1+adam_beta2", [config["adam_beta1"], config["adam_beta2"]]
    yield "optimizer.params.eps", "adam_epsilon", config["adam_epsilon"]
    yield "optimizer.params.weight_decay", "weight_decay", config["weight_decay"]


_OF_ACCELERATE = {
    "zero_optimization.stage": 2,
    "zero_optimization.offload_optimizer.device": "none",
    "zero_optimization.offload_param.device": "none",
    "zero_optimization.offload_param.nvme_path": "none",
    "zero_optimization.offload_optimizer.nvme_path": "none",
    "zero_optimization.stage3_gather_16bit_weights_on_model_save": False,
}
"""What `DeepSpeedPlugin` puts for `auto`."""


def when_the_trainer_is_made(filled: Filling) -> None:
    """Precision, as Accelerator sets it. Raises RefusedError."""
    config = filled.config
    mine = "fp16" if config["fp16"] else "bf16" if config["bf16"] else None
    if mine is not None:
        other = {"fp16": "bf16", "bf16": "fp16"}[mine]
        filled.raw.setdefault(mine, {"enabled": True, **({"auto_cast": True} if mine == "fp16" else {})})
        there = filled.raw.get(other, {})
        if not isinstance(there, dict):
            raise RefusedError(no_mapping(other, there))
        if str(there.get("enabled", "False")).lower() == "true":
            says = (
                f"`--mixed_precision` arg cannot be set to `{mine}` when `{other}` is set in the DeepSpeed config file."
            )
            raise RefusedError(DeepSpeedRefusal(f"{other}.enabled", "ValueError", says))
    for precision in ("fp16", "bf16"):
        filled.raw.setdefault(precision, {"enabled": False})


def when_training_starts(filled: Filling) -> None:
    """`trainer_config_finalize`, then accelerate's look for what is still `auto`. Raises RefusedError."""
    squared = None if filled.hidden is None else filled.hidden**2
    zero = "zero_optimization."
    filled.fill(f"{zero}reduce_bucket_size", squared)
    filled.fill("scheduler.params.warmup_num_steps", warmup_steps(filled), "warmup_steps")
    if filled.mismatches:
        raise RefusedError(filled.mismatches[0])
    steps = "gradient_accumulation_steps"
    if filled.raw.get(steps) is None and filled.raw.get("train_micro_batch_size_per_gpu") is not None:
        raise RefusedError(
            DeepSpeedRefusal(steps, "TypeError", "unsupported operand type(s) for *: 'int' and 'NoneType'")
        )
    known = {
        "gradient_clipping",
        f"{zero}stage3_gather_16bit_weights_on_model_save",
        f"{zero}reduce_bucket_size",
        f"{zero}stage3_prefetch_bucket_size",
        f"{zero}stage3_param_persistence_threshold",
        "train_batch_size",
        "train_micro_batch_size_per_gpu",
        "optimizer.params.lr",
        "optimizer.params.weight_decay",
        "scheduler.params.warmup_min_lr",
        "scheduler.params.warmup_max_lr",
        "scheduler.params.warmup_num_steps",
        "scheduler.params.total_num_steps",
    }
    for key in _autos(filled.raw):
        if key not in known:
            says = f"`{key}` not found in kwargs. Please specify `{key}` without `auto` (set to correct value)"
            raise RefusedError(DeepSpeedRefusal(key, "ValueError", says))


def _autos(values: dict[str, Any], before: str = "", depth: int = DEPTH) -> Iterator[str]:
    """The dotted keys whose value is `auto`."""
    for key, value in values.items():
        if isinstance(value, dict):
            if depth:
                yield from _autos(value, f"{before}{key}.", depth - 1)
        elif value == AUTO:
            yield f"{before}{key}"


def warmup_steps(filled: Filling) -> int | None:
    """Steps of warmup where the training file gives them as a number of steps, None where they are a share of all."""
    given = filled.config.given
    ratio, steps = given.get("warmup_ratio"), filled.config["warmup_steps"] or 0
    if filled.versions.before("transformers", "5"):
        return int(steps) if steps > 0 else None if ratio else 0
    share = ratio if ratio is not None else steps
    return int(share) if share >= 1 or share == 0 else None
