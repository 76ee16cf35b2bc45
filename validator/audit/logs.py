"""What a run has logged: trainer_state.json, LLaMA-Factory's trainer_log.jsonl, lines of `{'loss': ...}` in *.log.

Logs are read whole, however large, a piece at a time. What cannot be read is said in `Log.unread`: nothing is called
quiet that was not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from validator.audit.log_files import Record, State, console_records, line_records, read_state
from validator.findings import count

MOST_POINTS = 1_000_000
"""Logged steps that are held."""


@dataclass(frozen=True, slots=True)
class Point:
    """One logged step: the mean loss since the one before, and the gradient norm of this step; None: not logged."""

    step: int
    loss: float | None
    grad_norm: float | None


@dataclass(frozen=True, slots=True)
class Log:
    """Logged steps in order. `sources` are the files' names, `max_steps` is what the newest trainer_state.json says of
    the run's length, if any does. `unread` says, in a sentence each, what was not read.
    """

    points: tuple[Point, ...]
    sources: tuple[str, ...]
    max_steps: int | None = None
    unread: tuple[str, ...] = ()


def read_log(folder: Path, logging_steps: int | None = None) -> Log:
    """Everything that is logged in an output folder. Raises ValueError where there is nothing.

    Lines of *.log carry no step: `logging_steps` says how many steps lie between them.
    """
    points: dict[int, Point] = {}
    sources: list[str] = []
    unread: list[str] = []
    every = logging_steps or 1
    logs = [path for path in sorted(folder.glob("*.log")) if not path.is_dir()]
    for path in [*logs, folder / "trainer_log.jsonl"]:
        by_line = path.suffix == ".jsonl"
        found = _points(path.name, line_records(path) if by_line else console_records(path, every), unread)
        points |= found
        sources += [path.name] if found else []
    newest, saved = State(), dict[str, dict[int, Point]]()
    for path in (folder / "trainer_state.json", *sorted(folder.glob("checkpoint-*/trainer_state.json"))):
        state, name = State(), str(path.relative_to(folder))
        found = _points(name, read_state(path, state), unread)
        if state.global_step >= newest.global_step and found:
            newest, saved = state, {name: found}
    for name, found in saved.items():
        points |= found
        sources.append(name)
    if not points:
        nothing = "no trainer_state.json, trainer_log.jsonl or *.log"
        raise ValueError(" ".join([f"{folder} holds no log of a training: {nothing}.", *unread]))
    return Log(tuple(points[step] for step in sorted(points)), tuple(sources), newest.max_steps, tuple(unread))


def _points(name: str, records: Iterator[Record], unread: list[str]) -> dict[int, Point]:
    """The logged steps of a file; `unread` gets what could not be read of it. A file that is not there, or was rotated
    or removed meanwhile, is no log.
    """
    found: dict[int, Point] = {}
    try:
        for step, loss, grad_norm in records:
            if len(found) >= MOST_POINTS and step not in found:
                raise ValueError(f"it holds more than {count(MOST_POINTS, 'logged step')}")
            found[step] = Point(step, loss, grad_norm)
    except FileNotFoundError:
        pass
    except OSError as error:
        unread.append(f"{name} was not read: {error.strerror}.")
    except ValueError as error:
        unread.append(f"{name} was not read whole: {error}.")
    return found
