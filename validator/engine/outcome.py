"""What becomes of a job."""

from __future__ import annotations

from dataclasses import dataclass

from validator.engine.shard import ShardDone


@dataclass(frozen=True, slots=True)
class Died:
    """The process of the job died. `pid` is None where it is not known."""

    pid: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The job could not be carried out: the rows cannot be read as planned, or (`fatal`) no result can be written."""

    reason: str
    fatal: bool


Outcome = ShardDone | Died | Failed
