"""From which checkpoint a run goes on, asked for or not.

Sources: the end of `get_train_args` in LLaMA-Factory 0.9.5, `get_last_checkpoint` of transformers 5.6.0.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from validator.json_text import parse_json
from validator.named_file import read_named
from validator.training.config import TrainingConfig

DEFAULT_OUTPUT = "trainer_output"
WEIGHTS = (
    "adapter_model.safetensors",
    "adapter_model.bin",
    "model.safetensors.index.json",
    "model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
)
"""Files that may not lie in `output_dir` without a checkpoint beside them."""
OPTIMIZER = re.compile(r"optimizer.*|global_step\d+")
"""Files and folders with the state of an optimizer: the Trainer's, FSDP's and DeepSpeed's."""
MOST_BYTES = 256 << 20
"""Of a trainer_state.json, which grows with the log."""
_CHECKPOINT = re.compile(r"checkpoint-(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Resumed:
    """A checkpoint that a run goes on from. `asked`: the file names it; else it was found in `output_dir`. `steps` are
    those it has behind it, `all_steps` those of its own run, `batch` the rows of its micro-batches, `rate` the largest
    learning rate in its log, None where its trainer_state.json does not say. `optimizer`: it holds the state of one.
    """

    folder: str
    asked: bool
    steps: int
    all_steps: int | None = None
    batch: int | None = None
    rate: float | None = None
    optimizer: bool = True


def resumed(config: TrainingConfig) -> Resumed | None:
    """The checkpoint that the trainer goes on from, None where there is none on this machine that says its steps."""
    if not config["do_train"] or (config["stage"] in ("rm", "ppo") and config["finetuning_type"] in ("full", "freeze")):
        return None
    asked = config.given.get("resume_from_checkpoint")
    if asked is False or (asked is None and config["overwrite_output_dir"]):
        return None
    folder = asked if isinstance(asked, str) else last_checkpoint(output_of(config))
    return None if folder is None else _read(folder, asked is not None)


def occupied(config: TrainingConfig) -> str | None:
    """The file of weights in `output_dir` for which the trainer refuses to begin."""
    folder = output_of(config)
    asked = config.given.get("resume_from_checkpoint")
    if not config["do_train"] or asked is not None or config["overwrite_output_dir"] or last_checkpoint(folder):
        return None
    return next((name for name in WEIGHTS if os.path.isfile(os.path.join(folder, name))), None)


def output_of(config: TrainingConfig) -> str:
    """The folder that the run writes to."""
    return os.path.expanduser(config["output_dir"] or DEFAULT_OUTPUT)


def last_checkpoint(folder: str) -> str | None:
    """The checkpoint with the most steps in a folder."""
    try:
        numbers = [int(found[1]) for name in os.listdir(folder) if (found := _CHECKPOINT.fullmatch(name))]
    except (OSError, ValueError):
        return None
    places = (os.path.join(folder, f"checkpoint-{number}") for number in sorted(numbers, reverse=True))
    return next((place for place in places if os.path.isdir(place)), None)


def _read(folder: str, asked: bool) -> Resumed | None:
    try:
        state = parse_json(read_named(Path(folder, "trainer_state.json"), MOST_BYTES))
        inside = os.listdir(folder)
    except (OSError, ValueError):
        return None
    if not isinstance(state, dict) or (steps := _number(state.get("global_step"))) is None:
        return None
    log = state.get("log_history")
    rates = [line.get("learning_rate") for line in log if isinstance(line, dict)] if isinstance(log, list) else []
    return Resumed(
        folder,
        asked,
        steps,
        _number(state.get("max_steps")),
        _number(state.get("train_batch_size")),
        max((rate for rate in rates if isinstance(rate, float)), default=None),
        any(OPTIMIZER.fullmatch(name) for name in inside),
    )


def _number(value: Any) -> int | None:
    """A whole number of a run, None where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62 else None
