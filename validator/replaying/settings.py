"""What a replay is asked to do."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Device = Literal["auto", "cpu", "cuda"]
Attention = Literal["sdpa", "eager", "flash_attention_2"]
CANDIDATES, CONTROLS, BLIND = 32, 200, 16
"""How many samples of each group are replayed unless asked otherwise."""
REMEDIED = 32
ENOUGH = 40
"""Controls that must lie near a sample before its loss and gradient are judged (spec: 3 to 5 false alarms below it)."""


class ReplaySettings(BaseModel):
    """What is replayed, on which model, how. Names of the freeze switches are LLaMA-Factory's, and so are defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = "scale"
    reference_model: str | None = None
    """A model that is known to be sound, the base checkpoint say: the same samples are replayed on it too."""
    allow_pickles: bool = False
    """Read weights that are pickles, too; by default safetensors alone."""
    device: Device = "auto"
    dtype: Literal["bf16"] = "bf16"
    candidates: int = Field(default=CANDIDATES, ge=1, le=10_000)
    controls: int = Field(default=CONTROLS, ge=0, le=10_000)
    blind: int = Field(default=BLIND, ge=0, le=10_000)
    attention: Attention = "sdpa"
    freeze_vision_tower: bool = True
    freeze_multi_modal_projector: bool = True
    freeze_language_model: bool = False
    remedies: int = Field(default=REMEDIED, ge=0, le=10_000)
    """Unstable samples that remedies are tried on, the riskiest first."""
    k_step: int = Field(default=0, ge=0, le=10_000)
    """Unstable samples that are trained on for a few steps, the riskiest first."""
    learning_rate: float = Field(default=1e-5, gt=0, le=1)
    """Of those steps."""
    time_limit: float = Field(default=900.0, gt=0)
    """Seconds that one sample may take before its process is ended."""
    seed: int = 0
    rows: tuple[tuple[str, str, int], ...] = ()
    """Rows (dataset, file, row) that are candidates whatever their risk; others fill up to `candidates`."""

    @field_validator("dtype", mode="before")
    @classmethod
    def _bf16_only(cls, value: object) -> object:
        if value in ("fp16", "float16"):
            raise ValueError(
                "fp16 is refused: Qwen2-VL's activations exceed its largest number, 65504, so that it overflows on "
                "healthy samples; training and replay are in bf16"
            )
        return value

    @model_validator(mode="after")
    def _trained_only(self) -> ReplaySettings:
        if self.k_step and not self.judges_statistics:
            raise ValueError("--k-step: steps of an untrained model say nothing; give the checkpoint with --model")
        return self

    @property
    def judges_statistics(self) -> bool:
        """Whether loss and gradient are compared with the controls': an untrained model says nothing about them."""
        return self.model != "scale"
