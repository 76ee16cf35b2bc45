"""What a replay is asked to do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from validator.option import REPLAY, Flag

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

    model: Annotated[
        str, Flag("The model: scale (built in, untrained), a folder, or a hub id; adapters too.", REPLAY)
    ] = "scale"
    reference_model: Annotated[
        str | None, Flag("Also run the rows on this model, for example the base model.", REPLAY)
    ] = None
    allow_pickles: Annotated[
        bool, Flag("Also load pickled weights, which can run code (safetensors cannot).", REPLAY)
    ] = False
    device: Annotated[Device, Flag("Device to replay on.", REPLAY)] = "auto"
    dtype: Annotated[Literal["bf16"], Flag("bf16; fp16 is refused.", REPLAY)] = "bf16"
    attention: Annotated[Attention, Flag("Attention implementation.", REPLAY)] = "sdpa"
    candidates: Annotated[int, Flag("Number of rows to replay, riskiest first.", REPLAY)] = Field(
        default=CANDIDATES, ge=1, le=10_000
    )
    controls: Annotated[int, Flag("Healthy rows to compare with.", REPLAY)] = Field(default=CONTROLS, ge=0, le=10_000)
    blind: Annotated[int, Flag("Healthy rows mixed into the candidates, to measure false alarms.", REPLAY)] = Field(
        default=BLIND, ge=0, le=10_000
    )
    remedies: Annotated[int, Flag("Number of unstable rows to try remedies on, riskiest first.", REPLAY)] = Field(
        default=REMEDIED, ge=0, le=10_000
    )
    k_step: Annotated[
        int, Flag("Number of unstable rows to run a few training steps with, riskiest first.", REPLAY)
    ] = Field(default=0, ge=0, le=10_000)
    learning_rate: Annotated[float, Flag("Learning rate of those steps; use that of your training.", REPLAY)] = Field(
        default=1e-5, gt=0, le=1
    )
    freeze_vision_tower: Annotated[
        bool, Flag("Freeze or train it, as in your training.", REPLAY, off="train-vision-tower")
    ] = True
    freeze_multi_modal_projector: Annotated[
        bool, Flag("Freeze or train it, as in your training.", REPLAY, flag="freeze-projector", off="train-projector")
    ] = True
    freeze_language_model: Annotated[
        bool, Flag("Freeze or train it, as in your training.", REPLAY, off="train-language-model")
    ] = False
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
                "fp16 is refused: Qwen2-VL's activations exceed the largest fp16 number, 65504, so that it overflows "
                "on healthy samples; training and replay are in bf16"
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
