"""The replay for the page: its samples among the controls."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from validator.engine.run_files.finished import FinishedRun
from validator.findings import clip
from validator.replaying.table import NAME, REPLAY
from validator.report.html.charts import Scale
from validator.run_folder.table import RunTable

METRICS = (("loss", "loss"), ("grad_norm", "gradient norm"))
"""Columns of replay.parquet that are drawn, and their names."""
_DOTS = 300
"""Of the controls, and of the other samples, that are drawn together."""
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dot:
    """A sample in the plane of the two metrics, from 0 to 1. `card` is its place on the page, if it has one."""

    across: float
    up: float
    group: str
    verdict: str
    where: str
    card: str | None


class Replays:
    """The replayed samples of a run."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records
        self.controls = [record for record in records if record["group"] == "control"]
        self.samples = {
            (record["dataset"], record["file"], record["row"]): record
            for record in records
            if record["group"] != "control"
        }
        self.scales = {
            name: Scale([record[name] for record in records if record[name] is not None]) for name, _ in METRICS
        }

    def rug(self, metric: str, modality: str) -> list[tuple[float, float]]:
        """The controls of a modality on the scale of a metric, with a height from 0 to 1 to tell them apart."""
        places = [self.scales[metric].place(record[metric]) for record in self._like(modality)][:_DOTS]
        return [(at, round(index * 0.618 % 1, 3)) for index, at in enumerate(places) if at is not None]

    def _like(self, modality: str) -> list[Record]:
        return [record for record in self.controls if record["modality"] == modality]

    @property
    def modalities(self) -> list[str]:
        """Those of the controls."""
        return sorted({record["modality"] for record in self.controls})

    def beside(self, record: Record) -> list[Record]:
        """A sample on the scale of each metric that was measured of it: its value and place, and the range of the
        controls near it, or of all of its modality.
        """
        found = []
        for metric, name in METRICS:
            scale, value = self.scales[metric], record[metric]
            values = sorted(item[metric] for item in self._like(record["modality"]) if item[metric] is not None)
            near = record.get(f"control_{metric}")
            if value is None or not values:
                continue
            words = "controls near it"
            if near is None:
                ends = (values[int(len(values) * part)] for part in (0.05, 0.5, 0.95))
                near = dict(zip(("low", "middle", "high"), ends, strict=True)) | {"number": len(values)}
                words = f"{record['modality']} controls"
            low, middle, high = (scale.place(near[part]) for part in ("low", "middle", "high"))
            if low is None or middle is None or high is None:
                continue
            found.append(
                {
                    "metric": metric, "name": name, "value": value, "at": scale.place(value), "near": near,
                    "low": low, "middle": middle, "high": high, "words": words, "modality": record["modality"],
                    "ticks": scale.ticks(),
                }
            )  # fmt: skip
        return found

    def plane(self, cards: dict[tuple[str, str, int], str]) -> list[Dot]:
        """Every sample with both metrics, controls first."""
        across, up = (self.scales[name] for name, _ in METRICS)
        ordered = [*self.controls[:_DOTS], *list(self.samples.values())[:_DOTS]]
        dots = []
        for record in ordered:
            x, y = across.place(record["loss"]), up.place(record["grad_norm"])
            if x is not None and y is not None:
                key = record["dataset"], record["file"], record["row"]
                where = f"{clip(record['file'])}:{record['row']}"
                dots.append(Dot(x, y, record["group"], record["verdict"], where, cards.get(key)))
        return dots


def load(run: FinishedRun) -> Replays | None:
    """The replay of a run; None where there was none."""
    path = run.folder / NAME
    if not os.path.lexists(path):
        return None
    with RunTable(path, REPLAY) as table:
        return Replays(list(table.records(REPLAY.names)))
