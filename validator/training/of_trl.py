"""Training files of TRL (`trl sft --config`), which are not read: what to give in their place, and what stops there.

Source: TRL 1.16.0 `scripts/sft.py`, `trainer/sft_trainer.py`.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from validator.findings import clip
from validator.models.families import of_model_type
from validator.training.shape import model_type

MAX_LENGTH = 1024
"""TRL's, where the file says none."""
ENDLESS = 2**31
"""A cutoff that cuts nothing: `max_length: null`."""
_UNREAD = ("chat_template_path", "eos_token")
"""Keys that change tokens, for which there is no option."""


def refuse_trl(path: Path, given: Mapping[str, Any]) -> None:
    """Raise ValueError where a training file is TRL's and none of LLaMA-Factory's, with the command that says the same
    of the data, and what of the file stops TRL where these have images.
    """
    mixture = isinstance(given.get("datasets"), list)
    if "dataset" in given or not ("dataset_name" in given or mixture):
        return
    said = [
        f"{clip(str(path), 300)} is a training file of TRL (`{'datasets' if mixture else 'dataset_name'}`), which is "
        f"not read: give what it says of the data by options, as in {_command(given)}."
    ]
    if stops := _stops(given):
        words = " and ".join(f"`{word}`" for word in stops)
        said.append(
            f"Where the data have a column `image` or `images`, TRL stops before training at {words}: leave that out."
        )
    if unread := _unread(given):
        said.append(f"Not reproduced: {', '.join(f'`{word}`' for word in unread)}.")
    raise ValueError(" ".join(said))


def _command(given: Mapping[str, Any]) -> str:
    name = given.get("dataset_name")
    data = name if isinstance(name, str) and os.path.exists(name) else "DATA"
    length = given.get("max_length", MAX_LENGTH)
    words = ["mmvalidate", data, "--trainer", "trl", "--cutoff-len", str(ENDLESS if length is None else length)]
    model = given.get("model_name_or_path")
    family = of_model_type(model_type(model)) if isinstance(model, str) else None
    if family is not None and family.embedded is not None:
        words += ["--processor", family.embedded]
    if given.get("assistant_only_loss"):
        words.append("--assistant-only-loss")
    if isinstance(whole := given.get("completion_only_loss"), bool):
        words.append("--completion-only-loss" if whole else "--no-completion-only-loss")
    return f"`{clip(shlex.join(words), 300)}`" + (" (DATA: a file or folder on this disk)" if data == "DATA" else "")


def _stops(given: Mapping[str, Any]) -> list[str]:
    """What TRL refuses for data with images."""
    found = [f"{name}: true" for name in ("packing", "padding_free") if given.get(name)]
    return found + ["truncation_mode: keep_end"] * _keeps_end(given)


def _unread(given: Mapping[str, Any]) -> list[str]:
    """What changes the tokens of rows, with images or without, and is not reproduced."""
    found = [name for name in _UNREAD if given.get(name) is not None]
    if given.get("packing") and given.get("packing_strategy", "bfd") != "bfd":
        found.append(clip(f"packing_strategy: {given['packing_strategy']}", 60))
    return found + ["truncation_mode: keep_end"] * _keeps_end(given)


def _keeps_end(given: Mapping[str, Any]) -> bool:
    return given.get("truncation_mode") == "keep_end" and given.get("max_length", MAX_LENGTH) is not None
