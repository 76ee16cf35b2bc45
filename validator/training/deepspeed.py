"""DeepSpeed's configuration, the file or the mapping behind the training file's `deepspeed`, with `auto` filled in as
transformers does (`HfTrainerDeepSpeedConfig`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from validator.training.config import TrainingConfig
from validator.training.deepspeed_parser.parser import stage_of
from validator.training.deepspeed_parser.release import Release
from validator.training.read import read_mapping

BUCKET = 500_000_000
"""DeepSpeed's default of `reduce_bucket_size`, in elements."""


@dataclass(frozen=True, slots=True)
class DeepSpeedConfig:
    """What the file says. `name` is the file's name, or `deepspeed` where the training file holds the mapping."""

    name: str
    raw: dict[str, Any]

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
        return stage_of(self.get("zero_optimization.stage"))

    def enabled(self, precision: str, config: TrainingConfig) -> bool:
        """Whether `fp16` or `bf16` is on; `auto` is the training file's own."""
        value = self.get(f"{precision}.enabled")
        return bool(config[precision]) if value == "auto" else value is True

    def clipping(self, config: TrainingConfig, release: Release) -> Any:
        """The norm at which gradients are clipped, 0 where they are not; without the key DeepSpeed's default holds."""
        value = self.raw.get("gradient_clipping", release.value("gradient_clipping"))
        return config["max_grad_norm"] if value == "auto" else value

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
        known = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 2**63
        return int(value) if known else BUCKET

    def bucket_bytes(self, hidden: int | None) -> int | None:
        """Bytes that `reduce_bucket_size` takes on each GPU: 2 an element, twice with overlap (measured, 0.19.8)."""
        elements = self.bucket(hidden)
        return None if elements is None else 2 * elements * (2 if self.overlaps else 1)


def load_deepspeed(config: TrainingConfig) -> DeepSpeedConfig | None:
    """The configuration that a training file names, None where it names none.

    Raises ValueError where the file cannot be read. It is JSON whatever its name, and its path is relative to the
    current directory, as for the trainer.
    """
    value = config["deepspeed"]
    if value is None:
        return None
    return DeepSpeedConfig("deepspeed", value) if isinstance(value, dict) else _from_file(Path(value))


def _from_file(path: Path) -> DeepSpeedConfig:
    return DeepSpeedConfig(path.name, read_mapping(path, "DeepSpeed configuration", is_json=True))
