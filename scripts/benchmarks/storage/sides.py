"""The two checkouts, and a check of either."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scripts.benchmarks.process import ENVIRONMENT, Cost, cost_of

ENDED = (0, 1)


@dataclass(frozen=True, slots=True)
class Side:
    """A checkout of the program."""

    checkout: Path

    def check(
        self,
        registry: Path | str,
        *arguments: str,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        watch: Callable[[int], None] | None = None,
    ) -> Cost:
        """What a check costs, from the start of its process to its exit. Raises CommandError where it is incomplete."""
        command = (sys.executable, "-m", "validator.cli.main", "check", str(registry), "-q", "--run-dir", str(folder))
        around = {**ENVIRONMENT, "PYTHONPATH": str(self.checkout), **(environment or {})}
        return cost_of((*command, *arguments), accepted=ENDED, environment=around, folder=self.checkout, watch=watch)

    def has(self, option: str) -> bool:
        """Whether its check has an option."""
        return option in _help(self.checkout)


@cache
def _help(checkout: Path) -> str:
    command = (sys.executable, "-m", "validator.cli.main", "check", "--help")
    return cost_of(command, environment={**ENVIRONMENT, "PYTHONPATH": str(checkout)}, folder=checkout).output


@contextmanager
def scratch() -> Iterator[Path]:
    """A run folder that is not there yet: nothing is taken from earlier runs."""
    with tempfile.TemporaryDirectory(prefix="mmvalidate-bench-") as made:
        yield Path(made) / "run"
