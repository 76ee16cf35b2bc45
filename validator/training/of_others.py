"""Training files of other trainers where only LLaMA-Factory's are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from validator.catalog.training_files import owner_of
from validator.findings import clip


def refuse_others(path: Path, given: Mapping[str, Any]) -> None:
    """Raise ValueError where a training file is another trainer's, with the command that reads it."""
    if (owner := owner_of(given)) is not None:
        shown = clip(str(path), 300)
        raise ValueError(
            f"{shown} is a training file of {'TRL' if owner == 'trl' else owner}: `mmvalidate {shown}` checks it and "
            "its data; `audit` and `watch` read those of LLaMA-Factory."
        )
