"""Outputs that are kept in a file. The tests that compare them have the mark `golden`."""

import os
from pathlib import Path


def renew(path: Path, text: str) -> None:
    """Write a committed file where `./scripts/generate` asks for it."""
    if os.environ.get("MMVALIDATE_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def assert_golden(path: Path, text: str) -> None:
    """Compare with a committed file; `./scripts/generate` has it written."""
    renew(path, text)
    assert text == path.read_text(encoding="utf-8"), f"{path.name}: ./scripts/generate renews it"
