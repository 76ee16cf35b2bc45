"""Training files of TRL (`trl sft --config`) where only LLaMA-Factory's are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from validator.catalog.trl_file import is_of_trl
from validator.findings import clip


def refuse_trl(path: Path, given: Mapping[str, Any]) -> None:
    """Raise ValueError where a training file is TRL's, with the command that reads it."""
    if is_of_trl(given):
        shown = clip(str(path), 300)
        raise ValueError(
            f"{shown} is a training file of TRL: `mmvalidate {shown}` checks it and its data; `audit` and `watch` read "
            "those of LLaMA-Factory."
        )
