"""What a run has logged: trainer_state.json, LLaMA-Factory's trainer_log.jsonl, lines of `{'loss': ...}` in *.log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_BYTES = 256 << 20
"""What is larger is no log."""
_LINE = re.compile(r"\{'loss': [^{}]{1,500}\}")
_PAIR = re.compile(r"'(\w+)': '?([-+.\w]+)'?")


@dataclass(frozen=True, slots=True)
class Point:
    """One logged step: the mean loss since the one before, and the gradient norm of this step; None: not logged."""

    step: int
    loss: float | None
    grad_norm: float | None
    epoch: float | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """Logged steps in order. `sources` are the files' names; `state` is the newest trainer_state.json, if any."""

    points: tuple[Point, ...]
    sources: tuple[str, ...]
    state: dict[str, Any]


def read_log(folder: Path, logging_steps: int | None = None) -> Log:
    """Everything that is logged in an output folder. Raises ValueError where there is nothing.

    Lines of *.log carry no step: `logging_steps` says how many steps lie between them.
    """
    points: dict[int, Point] = {}
    sources: list[str] = []
    state: dict[str, Any] = {}
    for path in sorted(folder.glob("*.log")):
        every = logging_steps or 1
        lines = {number * every: _point(number * every, item) for number, item in enumerate(_lines(path), 1)}
        points |= lines
        sources += [path.name] if lines else []
    path = folder / "trainer_log.jsonl"
    if path.is_file():
        found = [item for line in _text(path).splitlines() if "loss" in (item := _json(line))]
        numbered = [item for item in found if isinstance(item.get("current_steps"), int)]
        points |= {item["current_steps"]: _point(item["current_steps"], item) for item in numbered}
        sources.append(path.name)
    states = [(read, path) for path in _states(folder) if (read := _json(_text(path)))]
    if states:
        state, path = max(states, key=lambda item: _number(item[0].get("global_step")) or 0)
        history = state.get("log_history")
        for item in history if isinstance(history, list) else ():
            if isinstance(item, dict) and "loss" in item and isinstance(item.get("step"), int):
                points[item["step"]] = _point(item["step"], item)
        sources.append(str(path.relative_to(folder)))
    if not points:
        raise ValueError(f"{folder} holds no log of a training: no trainer_state.json, trainer_log.jsonl or *.log.")
    return Log(tuple(points[step] for step in sorted(points)), tuple(sources), state)


def _states(folder: Path) -> list[Path]:
    found = [folder / "trainer_state.json", *folder.glob("checkpoint-*/trainer_state.json")]
    return [path for path in found if path.is_file()]


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(MOST_BYTES).decode("utf-8", "replace")


def _json(text: str) -> dict[str, Any]:
    """A mapping, empty where the text is none: a file may be half written. Python's JSON knows NaN."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _lines(path: Path) -> Iterator[dict[str, str]]:
    for match in _LINE.finditer(_text(path)):
        yield dict(_PAIR.findall(match[0]))


def _point(step: int, item: dict[str, Any]) -> Point:
    return Point(step, *(_number(item.get(key)) for key in ("loss", "grad_norm", "epoch")))


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None
