"""Answers of a replay that is not finished, sample by sample, so that it can go on where it was interrupted."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import xxhash

from validator.facts.replayed import Step, Window
from validator.replaying.job import Answer, Medium, Task
from validator.writing import open_to_append

NAME = "replay.journal"


class Journal:
    """A file of answers. `identity` names model, device, versions and settings: answers of another one are ignored."""

    def __init__(self, folder: Path, identity: str) -> None:
        self._path = folder / NAME
        self._identity = identity
        self._known: dict[str, Answer] = {}
        with suppress(FileNotFoundError):
            self._known = dict(self._read())
        self._file = open_to_append(self._path)

    def find(self, task: Task) -> Answer | None:
        """The answer of an earlier try, if the sample and its partners are still the same."""
        return self._known.get(_name(task))

    def note(self, task: Task, answer: Answer) -> None:
        """Keep an answer, at once."""
        record = {"identity": self._identity, "job": _name(task), "answer": asdict(answer)}
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def close(self, *, finished: bool) -> None:
        """Leave the file for a later try, or remove it where all is done."""
        self._file.close()
        if finished:
            self._path.unlink(missing_ok=True)

    def _read(self) -> Iterator[tuple[str, Answer]]:
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                try:
                    record = json.loads(line)
                    given = record["answer"]
                    steps = tuple(Step(**step) for step in given["steps"])
                    windows = tuple(Window(**window) for window in given["windows"])
                    answer = Answer(steps, given["disagreement"], windows=windows, losses=given["losses"])
                    if record["identity"] == self._identity:
                        yield record["job"], answer
                except (ValueError, KeyError, TypeError):  # the last line of a killed process may be half a line
                    continue


def _name(task: Task) -> str:
    digest = xxhash.xxh3_128(repr(task.arms).encode())
    for job in (task.job, *task.partners):
        digest.update(repr((job.key, job.ids, job.labels, job.tokens)).encode())
        for medium in job.images + job.videos:
            digest.update(repr(medium).encode())
            digest.update(repr([_state(path) for path in _files(medium)]).encode())
    return digest.hexdigest()


def _files(medium: Medium) -> tuple[str, ...]:
    return medium.frames or ((medium.path,) if medium.path is not None else ())


def _state(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns
