"""Every setting of a run in one typed object."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Integrity = Literal["header", "fast", "full"]
Severity = Literal["error", "warning", "info"]
Trainer = Literal["llamafactory"]
ModelSize = Literal["2B", "7B", "72B"]

JUDGING = frozenset(
    ("cutoff_len", "image_max_pixels", "image_min_pixels", "mask_history", "train_on_prompt", "model_size")
)
"""Settings that are put to measured facts: a finished run can be judged again under others."""
NEUTRAL = frozenset(("datasets", "select", "ignore", "rules", "fail_on"))
"""Settings that change neither the facts of a row nor what the trainer makes of it."""
TRAINER_DEFAULTS = {"image_max_pixels": 589824, "cutoff_len": 2048}
"""LLaMA-Factory's own defaults where ours differ; reports name them."""


class Settings(BaseModel):
    """What a run is judged by. Lengths in tokens, pixel limits in pixels. `rules` are files with a user's own rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset_info: Path
    datasets: tuple[str, ...] = ()
    trainer: Trainer = "llamafactory"
    processor: str = "embedded"
    cutoff_len: int = Field(default=8192, ge=1, le=2**31)
    image_max_pixels: int = Field(default=1048576, ge=1, le=2**40)
    image_min_pixels: int = Field(default=1024, ge=1, le=2**40)
    media_dir: Path | None = None
    default_system: str | None = None
    mask_history: bool = False
    train_on_prompt: bool = False
    integrity: Integrity = "fast"
    advice: bool = False
    preview: bool = False
    model_size: ModelSize | None = None
    rules: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: Severity = "error"

    @model_validator(mode="after")
    def _as_the_trainer_checks(self) -> Settings:
        if self.image_max_pixels < self.image_min_pixels:
            raise ValueError(
                f"image_max_pixels ({self.image_max_pixels}) cannot be smaller than image_min_pixels "
                f"({self.image_min_pixels}): the trainer refuses it"
            )
        if self.mask_history and self.train_on_prompt:
            raise ValueError("mask_history cannot be combined with train_on_prompt: the trainer refuses it")
        return self

    @property
    def resolved_media_dir(self) -> str:
        """The folder that relative media paths are joined to: media_dir, by default the registry's folder."""
        return str(self.media_dir if self.media_dir is not None else self.dataset_info.parent)
