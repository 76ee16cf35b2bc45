"""The files that a training logs into, read a piece at a time: what is held does not grow with the file."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

from validator.findings import count
from validator.named_file import open_named

PIECE = 1 << 20
"""Characters that are held, and that a line or a logged step may have; LLaMA-Factory's have 200."""
MOST_BESIDE = 16
"""Pieces that trainer_state.json may have beside its steps."""
_CONSOLE = re.compile(r"\{'(?:(loss)|(grad_norm|learning_rate)|eval_\w{1,50}|train_runtime)': [^{}]{1,500}\}")
"""What the Trainer prints: a logged step begins with its loss, or where there is none with the next of its values; an
evaluation and the end of the run are no steps.
"""
_LONGEST = 600
"""More characters than such a line has."""
_PAIR = re.compile(r"'(\w+)': '?([-+.\w]+)'?")
_HISTORY = re.compile(r'"log_history"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()


class Record(NamedTuple):
    """A logged step, or an evaluation at a step; None: not logged."""

    step: int
    loss: float | None
    grad_norm: float | None


@dataclass(slots=True)
class State:
    """What trainer_state.json says beside its steps: how far the run is, and how many steps it is to have."""

    global_step: int = 0
    max_steps: int | None = None


def console_records(path: Path, every: int) -> Iterator[Record]:
    """Steps in what a training prints, one line after so many steps. Raises OSError."""
    step, held = 0, ""
    with _text(path) as file:
        while piece := file.read(PIECE):
            held += piece
            end = 0
            for match in _CONSOLE.finditer(held):
                end = match.end()
                if match[1] or (match[2] and "'epoch': " in match[0]):
                    step += every
                elif match[2]:
                    continue
                yield _record(step, dict(_PAIR.findall(match[0])))
            held = held[max(end, len(held) - _LONGEST) :]


def line_records(path: Path) -> Iterator[Record]:
    """Steps in LLaMA-Factory's trainer_log.jsonl. A last line that is half written is left out.

    Raises OSError, and at the end ValueError where lines hold no step.
    """
    strange = 0
    with _text(path) as file:
        while line := file.readline(PIECE):
            whole = line.endswith("\n")
            if not whole and len(line) == PIECE:
                while (rest := file.readline(PIECE)) and not rest.endswith("\n"):
                    pass
                strange += 1
                continue
            item = _object(line)
            step = _whole_number(item.get("current_steps")) if item else None
            if item and step is not None:
                yield _record(step, item)
            elif whole and line.strip() and (item is None or "loss" in item):
                strange += 1
    if strange:
        raise ValueError(f"{count(strange, 'line')} in it can be read as no logged step")


def read_state(path: Path, state: State) -> Iterator[Record]:
    """Steps in a trainer_state.json, whose other contents go into `state`.

    Raises OSError, and ValueError where it is no JSON: the Trainer may be writing it.
    """
    with _text(path) as file:
        window = _Window(file)
        while (begin := _HISTORY.search(window.text)) is None and len(window.text) < MOST_BESIDE * PIECE:
            if not window.more():
                break
        beside = window.text
        if begin is not None:
            beside, window.at = window.text[: begin.end()], begin.end()
            for item in _items(window):
                step = _whole_number(item.get("step")) if isinstance(item, dict) else None
                if step is not None:
                    yield _record(step, item)
            beside += window.text[window.at - 1 :] + file.read(MOST_BESIDE * PIECE)
        try:
            value = json.loads(beside)
        except (ValueError, RecursionError):
            raise ValueError(_NO_JSON) from None
        if not isinstance(value, dict):
            raise ValueError(_NO_JSON)
        state.global_step = _whole_number(value.get("global_step")) or 0
        state.max_steps = _whole_number(value.get("max_steps")) or None


_NO_JSON = "it is no JSON object, or only a part of one"


class _Window:
    """The text of a file from the place `at` of `text` on."""

    def __init__(self, file: TextIOWrapper) -> None:
        self.text, self.at = "", 0
        self._file = file

    def more(self) -> bool:
        """Read another piece, and let go of what is behind. False at the end of the file."""
        piece = self._file.read(PIECE)
        self.text, self.at = self.text[self.at :] + piece, 0
        return bool(piece)


def _items(window: _Window) -> Iterator[Any]:
    """The values of the array that has begun, up to and with its bracket. Raises ValueError."""
    while True:
        between = _BETWEEN.match(window.text, window.at)
        window.at = between.end() if between else window.at
        if window.text[window.at : window.at + 1] == "]":
            window.at += 1
            return
        try:
            item, window.at = _DECODER.raw_decode(window.text, window.at)
        except (ValueError, RecursionError):
            if len(window.text) - window.at > PIECE or not window.more():
                raise ValueError(_NO_JSON) from None
        else:
            yield item


@contextmanager
def _text(path: Path) -> Iterator[TextIOWrapper]:
    """A log as text; PowerShell writes UTF-16. Raises OSError."""
    with open_named(path) as file:
        start = file.peek(2)[:2]  # type: ignore[attr-defined]  # of a buffered reader
        encoding = "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"
        with TextIOWrapper(file, encoding, errors="replace", newline="\n") as text:
            yield text


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _record(step: int, item: dict[str, Any]) -> Record:
    return Record(step, _number(item.get("loss")), _number(item.get("grad_norm")))


def _whole_number(value: Any) -> int | None:
    """A number of steps, None where the value is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _number(value: Any) -> float | None:
    """A number, also one that is logged as text; None where the value is none."""
    if not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf
    except ValueError:
        return None
