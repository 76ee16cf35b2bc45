"""The adapter that a run goes on training, as it was made.

Source: `_setup_lora_tuning` of LLaMA-Factory 0.9.5: where training goes on with an adapter, none is made from the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from validator.json_text import parse_json
from validator.named_file import read_named
from validator.training.config import TrainingConfig
from validator.training.shape import on_disk

MOST_BYTES = 16 << 20
"""Of an adapter_config.json, which names at most each layer of a model."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """`targets` are the layers that it changes, None where they are written as a pattern; `saved` the modules that are
    trained in full. What its adapter_config.json does not say is None.
    """

    name: str
    rank: float | None
    alpha: float | None
    targets: tuple[str, ...] | None
    saved: tuple[str, ...]


def continued(config: TrainingConfig) -> Adapter | None:
    """The adapter that training goes on with, None where a new one is made or it is not on this machine."""
    names = config.names("adapter_name_or_path")
    if config["finetuning_type"] != "lora" or config["create_new_adapter"] or not names:
        return None
    folder = on_disk(names[-1])
    if folder is None:
        return None
    try:
        made = parse_json(read_named(folder / (config["adapter_folder"] or "") / "adapter_config.json", MOST_BYTES))
    except (OSError, ValueError):
        return None
    if not isinstance(made, dict):
        return None
    return Adapter(
        names[-1],
        _number(made.get("r")),
        _number(made.get("lora_alpha")),
        _texts(made.get("target_modules")),
        _texts(made.get("modules_to_save")) or (),
    )


def _number(value: Any) -> float | None:
    """A number of a sensible size, None where it is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _texts(value: Any) -> tuple[str, ...] | None:
    """A list of texts, None where it is none."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else None
