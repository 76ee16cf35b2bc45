"""Training files in YAML that name the data themselves, without a registry, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from validator.catalog import axolotl_file, trl_file
from validator.catalog.entry import Entry
from validator.json_text import decode
from validator.named_file import read_named

_MOST_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class TrainingFile:
    """The trainer that a file is written for, and its keys and values."""

    trainer: str
    values: dict[str, Any]

    def entries(self, folder: Path) -> dict[str, Entry | str]:
        """The data that it names, by what they are called here: an entry, or why it cannot be loaded. `folder` is that
        of the file.
        """
        named = axolotl_file.axolotl_entries if self.trainer == axolotl_file.TRAINER else trl_file.trl_entries
        return named(self.values, folder)


def read_training_file(path: Path) -> TrainingFile | None:
    """A training file that names data; None where a file is none, or cannot be read."""
    content = _plain_yaml(path)
    owner = owner_of(content)
    return TrainingFile(owner, content) if owner is not None else None


def owner_of(content: Any) -> str | None:
    """The trainer for which the content of a YAML file is written, where it names data; else None."""
    if trl_file.is_of_trl(content):
        return trl_file.TRAINER
    return axolotl_file.TRAINER if axolotl_file.is_of_axolotl(content) else None


def _plain_yaml(path: Path) -> Any:
    """The content of a YAML file as PyYAML reads it; None where it cannot be read."""
    from validator.yaml_text import parse_yaml  # loading it takes a tenth of a check of a few rows

    try:
        return parse_yaml(decode(read_named(path, _MOST_BYTES)), plain=True)
    except (OSError, ValueError):
        return None
