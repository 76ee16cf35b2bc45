"""What a run tells while it goes on."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told how far a run is."""

    def surveying(self, file: str) -> None:
        """A file is about to be surveyed."""
        ...

    def checking(self, rows: int, engine: str) -> None:
        """Rows are about to be checked by an engine; `rows` counts all that this run checks."""
        ...

    def checked(self, rows: int, media: int, findings: int) -> None:
        """So many have been checked since the run began."""
        ...

    def note(self, text: str) -> None:
        """Something that a user should know."""
        ...


class Silent:
    """Tells nobody."""

    def surveying(self, file: str) -> None: ...  # noqa: D102

    def checking(self, rows: int, engine: str) -> None: ...  # noqa: D102

    def checked(self, rows: int, media: int, findings: int) -> None: ...  # noqa: D102

    def note(self, text: str) -> None: ...  # noqa: D102
