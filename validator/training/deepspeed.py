"""DeepSpeed's configuration, the file or the mapping behind the training file's `deepspeed`, with `auto` filled in as
transformers does (`HfTrainerDeepSpeedConfig`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from validator.training.config import TrainingConfig, shown
from validator.training.read import read_mapping

BUCKET = 500_000_000
"""DeepSpeed's default of `reduce_bucket_size`, in elements."""


@dataclass(frozen=True, slots=True)
class DeepSpeedConfig:
    """What the file says. `name` is the file's name, or `deepspeed` where the training file holds the mapping."""

    name: str
    raw: Mapping[str, Any]

    def get(self, key: str) -> Any:
        """The value at a dotted key, None where there is none."""
        value: Any = self.raw
        for word in key.split("."):
            if not isinstance(value, dict) or word not in value:
                return None
            value = value[word]
        return value

    @property
    def stage(self) -> int:
        """ZeRO's stage, 0 without ZeRO."""
        stage = self.get("zero_optimization.stage")
        return stage if isinstance(stage, int) and not isinstance(stage, bool) else 0

    def enabled(self, precision: str, config: TrainingConfig) -> bool:
        """Whether `fp16` or `bf16` is on; `auto` is the training file's own."""
        value = self.get(f"{precision}.enabled")
        return bool(config[precision]) if value == "auto" else value is True

    @property
    def overlaps(self) -> bool:
        """`overlap_comm`; its default is true for ZeRO-3 alone."""
        value = self.get("zero_optimization.overlap_comm")
        return value if isinstance(value, bool) else self.stage == 3

    def bucket(self, hidden: int | None) -> int | None:
        """Elements of `reduce_bucket_size`; `auto` is the square of the model's hidden size, None where unknown."""
        value = self.get("zero_optimization.reduce_bucket_size")
        if value == "auto":
            return None if hidden is None else hidden * hidden
        return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else BUCKET

    def bucket_bytes(self, hidden: int | None) -> int | None:
        """Bytes that `reduce_bucket_size` takes on each GPU: 2 an element, twice with overlap (measured, 0.19.8)."""
        elements = self.bucket(hidden)
        return None if elements is None else 2 * elements * (2 if self.overlaps else 1)

    def mismatches(self, config: TrainingConfig, gpus: int | None) -> Iterator[tuple[str, Any, str, Any]]:
        """(key here, value here, key of the training file, value there) of what transformers refuses at the start.

        The total batch is compared only where the number of GPUs is known.
        """
        mine = {
            "train_micro_batch_size_per_gpu": ("per_device_train_batch_size", config["per_device_train_batch_size"]),
            "gradient_accumulation_steps": ("gradient_accumulation_steps", config["gradient_accumulation_steps"]),
            "train_batch_size": (
                "train_batch_size (calculated)",
                None if gpus is None else gpus * config.rows_per_step,
            ),
            "gradient_clipping": ("max_grad_norm", config["max_grad_norm"]),
            "optimizer.params.lr": ("learning_rate", config["learning_rate"]),
            "optimizer.params.betas": ("adam_beta1+adam_beta2", [config["adam_beta1"], config["adam_beta2"]]),
            "optimizer.params.eps": ("adam_epsilon", config["adam_epsilon"]),
            "optimizer.params.weight_decay": ("weight_decay", config["weight_decay"]),
            "scheduler.params.warmup_max_lr": ("learning_rate", config["learning_rate"]),
            "fp16.enabled": ("fp16|fp16_full_eval", config["fp16"] or config["fp16_full_eval"]),
            "bf16.enabled": ("bf16|bf16_full_eval", config["bf16"] or config["bf16_full_eval"]),
        }
        for key, (name, wanted) in mine.items():
            value = self.get(key)
            if value is not None and value != "auto" and wanted is not None and value != wanted:
                yield key, value, name, wanted


def load_deepspeed(config: TrainingConfig) -> DeepSpeedConfig | None:
    """The configuration that a training file names, None where it names none.

    Raises ValueError where the file cannot be read, or DeepSpeed refuses what it says of ZeRO. It is JSON whatever its
    name, and its path is relative to the current directory, as for the trainer.
    """
    value = config["deepspeed"]
    if value is None:
        return None
    found = DeepSpeedConfig("deepspeed", value) if isinstance(value, dict) else _from_file(Path(value))
    stage, bucket = (found.get(f"zero_optimization.{key}") for key in ("stage", "reduce_bucket_size"))
    if isinstance(stage, (int, float)) and stage not in (0, 1, 2, 3):
        raise ValueError(f"DeepSpeed knows no ZeRO stage {shown(stage)}: 0, 1, 2 or 3 is expected in {found.name}.")
    if isinstance(bucket, (int, float)) and not (0 <= bucket < 2**63 and bucket == int(bucket)):
        raise ValueError(
            f"DeepSpeed refuses the reduce_bucket_size {shown(bucket)} in {found.name}: a whole number is expected."
        )
    return found


def _from_file(path: Path) -> DeepSpeedConfig:
    return DeepSpeedConfig(path.name, read_mapping(path, "DeepSpeed configuration", is_json=True))
