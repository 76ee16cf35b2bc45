"""What the rules on a training configuration see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from validator.training.adapter import Adapter
from validator.training.config import TrainingConfig
from validator.training.deepspeed import DeepSpeedConfig
from validator.training.deepspeed_parser.filled import DeepSpeedRefusal
from validator.training.deepspeed_parser.release import Release, release_of
from validator.training.deepspeed_parser.verdict import refusals
from validator.training.preprocessed import Preprocessed
from validator.training.resume import Resumed
from validator.training.saved import SavedModel
from validator.training.shape import ModelShape
from validator.training.versions import Versions

Counts = NDArray[np.int64]
EntryKind = Literal["plain", "ranking", "kto"]


@dataclass(frozen=True, slots=True)
class DataFacts:
    """The rows that the trainer feeds, in the order in which it holds them: one array element each.

    `places` are their places in samples.parquet. `tokens` are after truncation; `labels_full` before. `images` and
    `videos` count media, `visual` their tokens. `dropped` rows are not fed. `kept_order` is why the order is not that
    of the trainer, None where it is.
    """

    places: Counts
    tokens: Counts
    labels: Counts
    labels_full: Counts
    images: Counts
    videos: Counts
    visual: Counts
    dropped: int = 0
    kept_order: str | None = None
    kinds: Mapping[str, EntryKind] = field(default_factory=dict)
    """What the entries of `dataset` and `eval_dataset` are for, by their names; `kto` has tags of true and false."""
    loaded: int | None = None
    """Rows that are loaded, before any are held out for validation or dropped."""
    media: frozenset[str] = frozenset()
    """The kinds of media that rows have, fed or not: `image`, `video`."""
    inputs: Mapping[str, Any] | None = None
    """Digests of the registry and the data files; None where not known."""
    newest: tuple[float, str] | None = None
    """When the newest data file or medium was changed (seconds since 1970), and its name; None where not asked."""

    @property
    def rows(self) -> int:
        """How many rows are fed."""
        return len(self.places)


@dataclass(frozen=True, slots=True)
class TrainingCase:
    """One training configuration before the rules. `deepspeed_fault` is why its file cannot be read; `gpus` and `data`
    are None where not known. `model_type` is what the model's config.json or name says it is. `cached` is when the
    preprocessed data of `tokenized_path` were written, None where there are none. `resumed` is the checkpoint that the
    run goes on from, `occupied` the file of weights in `output_dir` that keeps it from beginning, `adapter` the one
    that it goes on training. `saved` is None where the model's files are not here.
    """

    config: TrainingConfig
    versions: Versions
    deepspeed: DeepSpeedConfig | None = None
    deepspeed_fault: str | None = None
    gpus: int | None = None
    shape: ModelShape | None = None
    model_type: str | None = None
    data: DataFacts | None = None
    cached: float | None = None
    preprocessed: Preprocessed | None = None
    """What the folder of `tokenized_path` says of itself, where we have written it."""
    resumed: Resumed | None = None
    occupied: str | None = None
    adapter: Adapter | None = None
    saved: SavedModel | None = None
    gpu_memory: float | None = None
    """Of one GPU, in GiB."""

    @property
    def release(self) -> Release:
        """What the release of DeepSpeed that training runs with takes; the newest where it is not known."""
        return release_of(self.versions)

    @property
    def deepspeed_refusals(self) -> list[DeepSpeedRefusal]:
        """What the start of training says against DeepSpeed's configuration, empty without one."""
        if self.deepspeed is None:
            return []
        hidden = None if self.shape is None else self.shape.hidden
        return refusals(self.deepspeed.raw, self.config, versions=self.versions, world=self.gpus, hidden=hidden)

    @property
    def bf16(self) -> bool:
        """Whether gradients are in BF16."""
        if self.config["pure_bf16"]:
            return True
        if self.deepspeed is not None:
            return self.deepspeed.enabled("bf16", self.config)
        return bool(self.config["bf16"])

    @property
    def zero_stage(self) -> int | None:
        """ZeRO's stage, None without DeepSpeed."""
        return None if self.deepspeed is None else self.deepspeed.stage
