"""The rows of a finished run as replay sees them: few numbers each, streamed from the run's two tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from validator.engine.run_files.finished import FinishedRun
from validator.facts.replayed import Modality
from validator.run_folder.table import RunTable

Stratum = tuple[str, int, int]
"""Modality, and the whole parts of the binary logarithms of length and label count: rows of one kind."""
_COLUMNS = [
    "dataset", "file", "row", "sample_id", "status", "num_tokens", "num_image_tokens", "num_video_tokens",
    "num_label_tokens", "risk_score", "trainer_error",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One row of the run. `static`: codes of its error and warning findings; `error`: one of them is an error.

    `place` is its place in samples.parquet. Counts are 0 where the trainer yields none (`trainer_error` says why).
    """

    dataset: str
    file: str
    row: int
    sample_id: str
    status: str
    place: int
    num_tokens: int
    num_labels: int
    modality: Modality
    risk: float
    trainer_error: str | None
    static: tuple[str, ...] = ()
    error: bool = False

    @property
    def key(self) -> tuple[str, str, int]:
        """dataset, file, row."""
        return self.dataset, self.file, self.row

    @property
    def stratum(self) -> Stratum:
        """Where it stands among the others."""
        return self.modality, int(math.log2(1 + self.num_tokens)), int(math.log2(1 + self.num_labels))

    @property
    def replayable(self) -> bool:
        """Whether the trainer would feed it, or crash on it."""
        return self.status in ("ok", "flagged", "not_loaded")

    @property
    def unflagged(self) -> bool:
        """Whether it may be a control: nothing was found, and it reaches the model."""
        return self.status in ("ok", "not_loaded") and not self.static and self.num_tokens > 0


def members(run: FinishedRun) -> Iterator[Member]:
    """Every row of a run, in order. Raises UnusableRunError where its files are damaged."""
    findings = _codes(run)
    held = next(findings, None)
    for place, record in enumerate(_records(run.samples_table(), _COLUMNS)):
        key = record["dataset"], record["file"], record["row"]
        while held is not None and held[0] < key:
            held = next(findings, None)
        codes, error = (held[1], held[2]) if held is not None and held[0] == key else ((), False)
        images, videos = record["num_image_tokens"] or 0, record["num_video_tokens"] or 0
        yield Member(
            dataset=record["dataset"],
            file=record["file"],
            row=record["row"],
            sample_id=record["sample_id"],
            status=record["status"],
            place=place,
            num_tokens=record["num_tokens"] or 0,
            num_labels=record["num_label_tokens"] or 0,
            modality="video" if videos else "image" if images else "text",
            risk=record["risk_score"] or 0.0,
            trainer_error=record["trainer_error"],
            static=codes,
            error=error,
        )


def records_at(run: FinishedRun, places: set[int]) -> dict[int, dict[str, Any]]:
    """Whole records of samples.parquet by place; only the row groups that hold them are read."""
    found: dict[int, dict[str, Any]] = {}
    start = 0
    with run.samples_table() as table:
        for group, number in enumerate(table.rows_of_groups()):
            inside = sorted(place for place in places if start <= place < start + number)
            if inside:
                records = table.group(group).take([place - start for place in inside])
                found.update(zip(inside, records.to_pylist(), strict=True))
            start += number
    return found


def _codes(run: FinishedRun) -> Iterator[tuple[tuple[str, str, int], tuple[str, ...], bool]]:
    columns = ["code", "severity", "dataset", "file", "row"]
    rows = (
        record
        for record in _records(run.findings_table(), columns)
        if record["row"] is not None and record["severity"] != "info" and not record["code"].startswith("RP")
    )
    for key, group in groupby(rows, key=lambda record: (record["dataset"], record["file"], record["row"])):
        listed = list(group)
        codes = tuple(sorted({record["code"] for record in listed}))
        yield key, codes, any(record["severity"] == "error" for record in listed)


def _records(opened: RunTable, columns: list[str]) -> Iterator[dict[str, Any]]:
    with opened as table:
        yield from table.records(columns)
