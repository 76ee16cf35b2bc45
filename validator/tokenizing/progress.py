"""What the writing of rows tells while it goes on."""

from __future__ import annotations

from typing import Protocol

from validator.engine.execution.progress import Progress, Silent


class TokenizeProgress(Progress, Protocol):
    """Is told how far the writing is."""

    def writing(self, rows: int, engine: str) -> None:
        """So many rows will be written by an engine."""
        ...


class SilentWriting(Silent):
    """Tells nobody."""

    def writing(self, rows: int, engine: str) -> None:
        """Nothing."""
