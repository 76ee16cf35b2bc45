"""What becomes of a job."""

from __future__ import annotations

from dataclasses import dataclass

from validator.engine.execution.shard import ShardDone
from validator.errors import RuleError, UnusableRunError


@dataclass(frozen=True, slots=True)
class Died:
    """The process of the job died. `pid` is None where it is not known."""

    pid: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The job could not be carried out: the rows cannot be read as planned, or (`fatal`) all else is in vain. `kind` is
    what this is to those who asked for the job: no result can be written, its facts lie in a run folder that is
    damaged, or a rule failed.
    """

    reason: str
    fatal: bool
    kind: type[OSError | UnusableRunError | RuleError] = OSError
    damaged: bool = False

    @property
    def error(self) -> Exception:
        """What a fatal failure is to those who asked for the job."""
        return self.kind(self.reason)


Outcome = ShardDone | Died | Failed
