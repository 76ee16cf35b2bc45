"""The models that ms-swift is asked about: those with a processor of their own, and those that need a folder."""

from pathlib import Path

from tests.oracle.model_folder import make_folder
from tests.trainers.compare import TOKENS

MODELS = (*TOKENS, "qwen3.5", "qwen3.8")
"""Qwen3.6 has the template of Qwen3.5."""


def fed_as(model: str, folder: Path) -> tuple[dict, str]:
    """What the judge is asked with, and our processor; `folder` is there for a model's files."""
    if model in TOKENS:
        return {"model": model, "tokens": TOKENS[model]}, {"qwen2-vl": "embedded"}.get(model, model)
    files = str(make_folder(folder / "model"))
    return {"model": model, "files": files}, files
