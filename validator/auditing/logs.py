"""What a run has logged: trainer_state.json, LLaMA-Factory's trainer_log.jsonl, lines of `{'loss': ...}` in *.log; also
where no loss is logged.

Logs are read whole, however large, a piece at a time. What cannot be read is said in `Log.unread`: nothing is called
quiet that was not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from validator.auditing.log_files import Record, State, console_records, line_records, read_state
from validator.findings import count

MOST_POINTS = 1_000_000
"""Logged steps that are held."""


@dataclass(frozen=True, slots=True)
class LogPoint:
    """One logged step: the mean loss since the one before, and the gradient norm of this step; None: not logged."""

    step: int
    loss: float | None
    grad_norm: float | None

    @property
    def tells(self) -> bool:
        """Whether it says anything of the training: an evaluation at this step does not."""
        return self.loss is not None or self.grad_norm is not None

    def over(self, before: LogPoint | None) -> LogPoint:
        """This step with what was said of it before, where nothing is said now."""
        if before is None or (self.loss is not None and self.grad_norm is not None):
            return self
        return LogPoint(
            self.step,
            before.loss if self.loss is None else self.loss,
            before.grad_norm if self.grad_norm is None else self.grad_norm,
        )


@dataclass(frozen=True, slots=True)
class Log:
    """Logged steps in order, those with a loss or a gradient norm. `sources` are the files' names, `last` is the last
    step of which they say anything, `max_steps` is what the newest trainer_state.json says of the run's length, if any
    does. `unread` says, in a sentence each, what was not read.
    """

    points: tuple[LogPoint, ...]
    sources: tuple[str, ...]
    last: int = 0
    max_steps: int | None = None
    unread: tuple[str, ...] = ()


def read_log(folder: Path, logging_steps: int | None = None) -> Log:
    """Everything that is logged in an output folder. Raises ValueError where there is nothing.

    Lines of *.log carry no step: `logging_steps` says how many steps lie between them.
    """
    points: dict[int, LogPoint] = {}
    sources: list[str] = []
    unread: list[str] = []
    every = logging_steps or 1
    logs = [path for path in sorted(folder.glob("*.log")) if not path.is_dir()]
    for path in [*logs, folder / "trainer_log.jsonl"]:
        by_line = path.suffix == ".jsonl"
        found = _points(path.name, line_records(path) if by_line else console_records(path, every), unread)
        _add(points, found)
        sources += [path.name] if found else []
    newest, saved = State(), dict[str, dict[int, LogPoint]]()
    for path in (folder / "trainer_state.json", *sorted(folder.glob("checkpoint-*/trainer_state.json"))):
        state, name = State(), str(path.relative_to(folder))
        found = _points(name, read_state(path, state), unread)
        if state.global_step >= newest.global_step and found:
            newest, saved = state, {name: found}
    for name, found in saved.items():
        _add(points, found)
        sources.append(name)
    if not points:
        nothing = "no trainer_state.json, trainer_log.jsonl or *.log with a logged step"
        raise ValueError(" ".join([f"{folder} holds no log of a training: {nothing}.", *unread]))
    told = tuple(points[step] for step in sorted(points) if points[step].tells)
    return Log(told, tuple(sources), max(points), newest.max_steps, tuple(unread))


def _add(points: dict[int, LogPoint], found: Mapping[int, LogPoint]) -> None:
    """Put later words on some steps over earlier ones; what they leave out stays."""
    for step, point in found.items():
        points[step] = point.over(points.get(step))


def _points(name: str, records: Iterator[Record], unread: list[str]) -> dict[int, LogPoint]:
    """The logged steps of a file; `unread` gets what could not be read of it. A file that is not there, or was rotated
    or removed meanwhile, is no log.
    """
    found: dict[int, LogPoint] = {}
    try:
        for step, loss, grad_norm in records:
            if len(found) >= MOST_POINTS and step not in found:
                raise ValueError(f"it holds more than {count(MOST_POINTS, 'logged step')}")
            found[step] = LogPoint(step, loss, grad_norm).over(found.get(step))
    except FileNotFoundError:
        pass
    except OSError as error:
        unread.append(f"{name} was not read: {error.strerror}.")
    except ValueError as error:
        unread.append(f"{name} was not read whole: {error}.")
    return found
