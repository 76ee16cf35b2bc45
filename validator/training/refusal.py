"""A refusal of the trainer, and what a table of them is made of (refusals.py, late_refusals.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from validator.json_text import parse_json
from validator.training.config import TrainingConfig
from validator.training.versions import Versions

Stage = Literal["read", "arguments", "data", "model", "training", "evaluation"]
"""When the trainer stops: while it reads the file or its arguments, at the data, at the model, in training (when the
trainer is made or takes its first step: data and model are loaded by then), when it evaluates for the first time.
"""


@dataclass(frozen=True, slots=True)
class TrainingRefusal:
    """What the trainer says to some keys."""

    keys: tuple[str, ...]
    words: str
    fix: str
    error: str = "ValueError"
    stage: Stage = "arguments"


@dataclass(frozen=True, slots=True)
class Asked:
    """A training file before the table: its values by `on.key`, and what is known beside it."""

    config: TrainingConfig
    zero_stage: int | None = None
    gpus: int | None = None

    def __getattr__(self, key: str) -> Any:
        return self.config[key]

    def has(self, key: str) -> bool:
        """Whether a key has any value, of whatever type."""
        return self.config.given.get(key, self.config[key]) is not None

    @property
    def holds_out(self) -> bool:
        """Whether rows are held out for validation."""
        return bool(self.val_size > 1e-6)

    @property
    def evaluates(self) -> bool:
        """Whether the trainer evaluates: a strategy says so even where `do_eval` does not."""
        return bool(self.do_eval) or self.eval_strategy != "no"

    @property
    def reference(self) -> bool:
        """Whether the stage holds a reference model."""
        return bool(self.stage == "dpo" and self.pref_loss not in ("orpo", "simpo"))


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row of the table. `since` and `until`, as `PACKAGE RELEASE`, are releases between which it holds."""

    keys: str
    holds: Callable[[Asked], Any]
    words: str
    fix: str
    error: str = "ValueError"
    stage: Stage = "arguments"
    since: str = ""
    until: str = ""

    def of(self, versions: Versions) -> bool:
        """Whether the row holds under some releases; the newest is assumed where none is known."""
        if self.until and not versions.before(*self.until.split()):
            return False
        return not (self.since and versions.before(*self.since.split()))


def refused(rows: tuple[RefusedRow, ...], asked: Asked, versions: Versions) -> Iterator[TrainingRefusal]:
    """The refusals of a table."""
    for row in rows:
        if row.of(versions) and row.holds(asked):
            yield TrainingRefusal(tuple(row.keys.split()), row.words, row.fix, row.error, row.stage)


def as_mapping(value: Any) -> Any:
    """A mapping of a training file that is written as JSON text, as transformers reads it; else the value as it is."""
    return parse_json(value.encode()) if isinstance(value, str) and value.startswith("{") else value
