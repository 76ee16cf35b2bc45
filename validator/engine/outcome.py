"""What becomes of a job."""

from __future__ import annotations

from dataclasses import dataclass

from validator.engine.shard import ShardDone
from validator.errors import UnusableRunError


@dataclass(frozen=True, slots=True)
class Died:
    """The process of the job died. `pid` is None where it is not known."""

    pid: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The job could not be carried out: the rows cannot be read as planned, or (`fatal`) no result can be written, or
    (`unusable`) its facts lie in a run folder that is damaged.
    """

    reason: str
    fatal: bool
    unusable: bool = False

    @property
    def error(self) -> Exception:
        """What a fatal failure is to those who asked for the job."""
        return UnusableRunError(self.reason) if self.unusable else OSError(self.reason)


Outcome = ShardDone | Died | Failed
