"""Weights that are pickles: to read one can run what its writer put into it, so none is read unless the user asks."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATTERNS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
SAFE = (2, 6)
"""The first torch whose `weights_only` holds: in earlier ones it can be got around (CVE-2025-32434)."""


def check_folder(name: str, *, allowed: bool) -> None:
    """Raise ValueError where a folder's weights are pickles alone and these are not allowed."""
    folder = Path(name)
    if allowed or not folder.is_dir() or any(folder.glob("*.safetensors")):
        return
    found = sorted(path.name for pattern in PATTERNS for path in folder.glob(pattern))
    if found:
        raise ValueError(_sentence(str(folder / found[0])))


@contextmanager
def guarded_torch(*, allowed: bool) -> Iterator[None]:
    """While libraries load weights: whichever of them asks torch for a pickle is refused, or gets its tensors alone.

    Raises ValueError where pickles are allowed and this torch cannot read them safely.
    """
    import torch

    real = torch.load
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if allowed and version < SAFE:
        raise ValueError(f"--allow-pickles needs torch 2.6 or later, here is {torch.__version__}")

    def load(file: Any, *arguments: Any, **options: Any) -> Any:
        if not allowed:
            raise ValueError(_sentence(str(file)))
        try:
            return real(file, *arguments, **{**options, "weights_only": True})
        except pickle.UnpicklingError:  # its text tells how to run the code after all
            raise ValueError(f"{file} holds something else than tensors, which is not read") from None

    torch.load = load
    try:
        yield
    finally:
        torch.load = real


def _sentence(file: str) -> str:
    return (
        f"{file} is a pickle, and to read one can run code: save the weights as safetensors, or add --allow-pickles if "
        "you trust whoever wrote it"
    )
