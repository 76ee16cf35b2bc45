"""The names of processors that need no files: some have two."""

from __future__ import annotations

_SAME = {"embedded": "qwen2-vl"}


def processor_named(name: str) -> str:
    """The one name of a processor that has several; others as they are."""
    return _SAME.get(name, name)
