"""Every setting of a run in one typed object."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from validator.findings import Severity
from validator.option import DATA, FINDINGS, GATE, TRAINER, Flag
from validator.processor_name import processor_named
from validator.storage.paths import SAVED
from validator.storage.remote import is_remote, locate
from validator.trainers.base import Trainer
from validator.trainers.registry import DEFAULT, NAMES, TAKES_DATA, WHOSE, trainer_named, trainers

Integrity = Literal["header", "fast", "full"]
ModelSize = Literal["2B", "7B", "72B"]
Truncation = Literal["delete", "left", "right"]

REGISTRY = "dataset_info.json"
ENDLESS = 2**31
"""A cutoff_len that stands for none."""
LIMITS = frozenset(("cutoff_len", "image_max_pixels"))
"""Where nobody names them, they are assumed: neither has a default that all trainers share."""
JUDGING = frozenset(
    (
        "cutoff_len",
        "image_max_pixels",
        "image_min_pixels",
        "mask_history",
        "train_on_prompt",
        "truncation_strategy",
        "resize",
        "train_on_responses_only",
        "strict",
        "model_size",
    )
)
"""Settings that are put to measured facts: a finished run can be judged again under others."""
OF_GATE = frozenset(("fail_on", "max_rate", "min_rows", "baseline"))
"""Settings of the gate: they change no finding, only what the run comes to."""
NEUTRAL = frozenset(("datasets", "select", "ignore", "severity", "per_dataset", "rules")) | OF_GATE
"""Settings that change neither the facts of a row nor what the trainer makes of it."""
CHANGEABLE = JUDGING | NEUTRAL - {"datasets"}
"""Settings under which a finished run can be judged again."""


def _location(value: Any) -> str:
    """A path as text; remote ones (`s3://...`) are left as they are, and names may hold bytes that are no text."""
    if not isinstance(value, (str, os.PathLike)) or not isinstance(text := os.fspath(value), str):
        raise ValueError("must be a path")
    return text if is_remote(text) else str(Path(text))


def _registry(value: Any) -> str:
    """A registry; a folder stands for the one in it."""
    text = _location(value)
    path = os.path.join(text, REGISTRY)
    if is_remote(text) or os.path.exists(os.path.join(text, SAVED)) or not os.path.isdir(text):
        return text
    return str(Path(path)) if os.path.exists(path) else text


def _thinking(value: Any) -> Any:
    """A value of enable_thinking as the word for it."""
    return {True: "true", False: "false", None: "null"}[value] if value in (True, False, None) else value


Thinking = Annotated[Literal["true", "false", "null"], BeforeValidator(_thinking)]
Location = Annotated[str, PlainValidator(_location)]
RegistryLocation = Annotated[str, PlainValidator(_registry)]
TrainerName = Annotated[str, AfterValidator(lambda name: trainer_named(name).name)]
ProcessorName = Annotated[str, AfterValidator(processor_named)]
Rates = dict[str, Annotated[float, Field(ge=0, le=100)]]
"""The percentage of rows that may have a finding of a rule, by its code, prefix or name."""


class PerDataset(BaseModel):
    """What is judged otherwise in one entry: rules left out, other severities, limits of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ignore: tuple[str, ...] = ()
    severity: dict[str, Severity] = {}
    max_rate: Rates = {}
    min_rows: int = Field(default=0, ge=0, le=2**62)


class Settings(BaseModel):
    """What a run is judged by. Lengths in tokens, pixel limits in pixels. `rules` are files with a user's own rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset_info: Annotated[
        RegistryLocation,
        Flag(
            "The trainer's dataset_info.json or its folder: a path, or s3://, gs://, hf://, https://; a training file "
            f"(train.yaml); or data alone: a file, folder or hub name (user/dataset) of {TAKES_DATA}.",
            DATA,
        ),
    ]
    datasets: Annotated[
        tuple[str, ...],
        Flag(
            "Check only this dataset (repeatable). Default: all with local files.",
            DATA,
            flag="dataset",
            completes="datasets",
        ),
    ] = ()
    trainer: Annotated[
        TrainerName,
        Flag(f"Trainer to imitate: {NAMES}; for check also all.", TRAINER),
    ] = DEFAULT
    processor: Annotated[
        ProcessorName, Flag("qwen2-vl, qwen2.5-vl, qwen3-vl, or a model's folder or hub id.", TRAINER)
    ] = "qwen2-vl"
    template: Annotated[str | None, Flag(f"{WHOSE['template']} template. Default: the processor's.", TRAINER)] = None
    cutoff_len: Annotated[int, Flag("The trainer's cutoff_len, in tokens.", TRAINER)] = Field(
        default=8192, ge=1, le=ENDLESS
    )
    image_max_pixels: Annotated[int, Flag("The trainer's image_max_pixels.", TRAINER)] = Field(
        default=1048576, ge=1, le=2**40
    )
    image_min_pixels: Annotated[int, Flag("The trainer's image_min_pixels. Default: its own.", TRAINER, unset=True)] = (
        Field(default=32 * 32, ge=1, le=2**40)
    )
    video_max_pixels: Annotated[
        int | None, Flag("The trainer's video_max_pixels, per frame. Default: its own.", TRAINER)
    ] = Field(default=None, ge=1, le=2**40)
    video_min_pixels: Annotated[int | None, Flag("The trainer's video_min_pixels. Default: its own.", TRAINER)] = Field(
        default=None, ge=0, le=2**40
    )
    video_fps: Annotated[
        float | None,
        Flag("The trainer's video_fps: frames sampled per second. Default: its own.", TRAINER),
    ] = Field(default=None, gt=0, le=1e6)
    video_maxlen: Annotated[
        int | None, Flag("The trainer's video_maxlen: maximum frames per video. Default: its own.", TRAINER)
    ] = Field(default=None, ge=1, le=2**31)
    media_dir: Annotated[Location | None, Flag("The trainer's media_dir. Default: the registry's folder.", DATA)] = None
    default_system: Annotated[str | None, Flag("The trainer's default_system.", TRAINER)] = None
    enable_thinking: Annotated[
        Thinking,
        Flag(
            f"{WHOSE['template']} enable_thinking: whether thoughts are left in answers, and an answer without one "
            "begins with an empty one (true), has it before it (null), or loses its own for it (false).",
            TRAINER,
        ),
    ] = "true"
    preserve_thinking: Annotated[
        bool | None,
        Flag(
            f"{WHOSE['template']} preserve_thinking: mask_history leaves earlier thoughts in. Default: the template's.",
            TRAINER,
        ),
    ] = None
    reasoning_effort: Annotated[
        Literal["xhigh", "medium", "low"],
        Flag(f"{WHOSE['reasoning_effort']} reasoning_effort, which its main branch has.", TRAINER),
    ] = "xhigh"
    mask_history: Annotated[bool, Flag("Train on the last answer only.", TRAINER)] = False
    train_on_prompt: Annotated[bool, Flag("Train on questions too (axolotl: train_on_inputs).", TRAINER)] = False
    truncation_strategy: Annotated[
        Truncation | None,
        Flag(
            f"{WHOSE['truncation_strategy']}: delete rows above the cutoff, or cut their text from the left or the "
            "right. Default: delete.",
            TRAINER,
        ),
    ] = None
    assistant_only_loss: Annotated[
        bool, Flag(f"{WHOSE['assistant_only_loss']} assistant_only_loss: train on answers only.", TRAINER)
    ] = False
    completion_only_loss: Annotated[
        bool | None,
        Flag(
            f"{WHOSE['completion_only_loss']} completion_only_loss: train on completions only. Default: where rows "
            "have prompt and completion.",
            TRAINER,
        ),
    ] = None
    resize: Annotated[
        Literal["min", "max"] | None,
        Flag(f"{WHOSE['resize']} resize: images are narrowed to 512 pixels (min) or not (max). Default: min.", TRAINER),
    ] = None
    train_on_responses_only: Annotated[
        bool,
        Flag(
            f"{WHOSE['train_on_responses_only']} train_on_responses_only: train on answers only, found by "
            "<|im_start|>user and <|im_start|>assistant.",
            TRAINER,
        ),
    ] = False
    strict: Annotated[bool, Flag(f"{WHOSE['strict']}: training stops at a row that fails.", TRAINER)] = False
    integrity: Annotated[
        Integrity,
        Flag("header: open only; fast: same result as full, faster; full: load and convert.", FINDINGS),
    ] = "fast"
    advice: Annotated[bool, Flag("Also check JPEGs that load with a second decoder (MD011).", FINDINGS)] = False
    exact: Annotated[
        bool,
        Flag("Also compare every row with transformers' own processor (needs mmvalidate[replay]).", FINDINGS),
    ] = False
    preview: Annotated[bool, Flag("Look for near-duplicate images (DU006): decodes every image.", FINDINGS)] = False
    model_size: Annotated[ModelSize | None, Flag("Estimate the memory of the longest row (TK008).", FINDINGS)] = None
    rules: Annotated[tuple[Path, ...], Flag("A Python file with rules of your own (repeatable).", FINDINGS)] = ()
    select: Annotated[
        tuple[str, ...],
        Flag("Run only these rules: codes, prefixes or names (repeatable, commas).", FINDINGS, completes="codes"),
    ] = ()
    ignore: Annotated[tuple[str, ...], Flag("Skip these rules.", FINDINGS, completes="codes")] = ()
    severity: Annotated[
        dict[str, Severity],
        Flag("CODE=LEVEL: change the severity of rules (repeatable; codes, prefixes, names).", FINDINGS),
    ] = {}
    per_dataset: dict[str, PerDataset] = {}
    fail_on: Annotated[Severity, Flag("Lowest severity that fails the run (exit code 1).", GATE)] = "error"
    max_rate: Annotated[
        Rates,
        Flag("CODE=PCT: judge rules by the percentage of rows with a finding, not by severity (repeatable).", GATE),
    ] = {}
    min_rows: Annotated[int, Flag("Fail if there are fewer rows than this.", GATE)] = Field(default=0, ge=0, le=2**62)
    baseline: Annotated[Path | None, Flag("A file of accepted findings that do not fail the run.", GATE)] = None

    @model_validator(mode="before")
    @classmethod
    def _the_trainers_own(cls, given: Any) -> Any:
        """image_min_pixels is the trainer's own where nothing is said; image_max_pixels too where it narrows alone."""
        if not isinstance(given, dict) or not isinstance(name := given.get("trainer", DEFAULT), str):
            return given
        trainer = trainer_named(name)
        if given.get("image_min_pixels") is None:
            given = {**given, "image_min_pixels": trainer.min_pixels}
        if trainer.narrows_pixels and given.get("image_max_pixels") is None:
            given = {**given, "image_max_pixels": trainer.defaults["image_max_pixels"]}
        return given

    @model_validator(mode="after")
    def _as_the_trainer_checks(self) -> Settings:
        if self.image_max_pixels < self.image_min_pixels:
            raise ValueError(
                f"image_max_pixels ({self.image_max_pixels}) cannot be smaller than image_min_pixels "
                f"({self.image_min_pixels}): the trainer refuses it"
            )
        video = self.profile.video
        if video is not None and video.max_pixels < video.min_pixels:
            raise ValueError(
                f"video_max_pixels ({video.max_pixels}) cannot be smaller than video_min_pixels ({video.min_pixels}): "
                "the trainer refuses it"
            )
        if self.mask_history and self.train_on_prompt:
            raise ValueError("mask_history cannot be combined with train_on_prompt: the trainer refuses it")
        if self.default_system is not None and "default_system" not in self.profile.options:
            raise ValueError(f"{self.profile.describes} has no default_system for training")
        trainer = trainer_named(self.trainer)
        given = {"enable_thinking": self.enable_thinking != "true", "preserve_thinking": self.preserve_thinking}
        given["reasoning_effort"] = self.reasoning_effort != "xhigh"
        given["assistant_only_loss"] = self.assistant_only_loss
        given["resize"] = self.resize is not None
        given["train_on_responses_only"] = self.train_on_responses_only
        given["completion_only_loss"] = self.completion_only_loss is not None
        for name, said in given.items():
            if said and name not in trainer.options:
                raise ValueError(f"{trainer.describes} has no {name}")
        if not trainer.options & {"mask_history", "train_on_prompt"} and (self.mask_history or self.train_on_prompt):
            raise ValueError(f"{trainer.describes} has neither mask_history nor train_on_prompt")
        if "mask_history" not in trainer.options and self.mask_history:
            raise ValueError(f"{trainer.describes} has no mask_history")
        if "truncation_strategy" not in trainer.options and (self.truncation_strategy or self.strict):
            whose = ", ".join(one.name for one in trainers().values() if "truncation_strategy" in one.options)
            raise ValueError(f"truncation_strategy and strict are {whose}'s: {trainer.describes} has neither")
        return self

    @property
    def profile(self) -> Trainer:
        """The trainer whose loader is reproduced, as it is set up."""
        return trainer_named(self.trainer).configured(self)

    @property
    def of_video(self) -> dict[str, Any]:
        """What is said about videos, by the names that a trainer profile has for it."""
        said = {
            "max_pixels": self.video_max_pixels,
            "min_pixels": self.video_min_pixels,
            "fps": self.video_fps,
            "most": self.video_maxlen,
        }
        return {name: value for name, value in said.items() if value is not None}

    @property
    def resolved_media_dir(self) -> str:
        """The folder that relative media paths are joined to: media_dir, by default the registry's folder."""
        return self.media_dir if self.media_dir is not None else self.folder

    @property
    def folder(self) -> str:
        """The folder of the registry, the trainer's `dataset_dir`."""
        return str(locate(self.dataset_info).parent)
