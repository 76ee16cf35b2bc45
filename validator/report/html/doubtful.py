"""The sheet of rows whose boxes and points are most doubtful."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from validator.coordinates.systems import BITS, System
from validator.engine.coordinates import of_another_system
from validator.engine.run_files.finished import FinishedRun
from validator.report.html.choice import places_of
from validator.report.html.samples import Shown
from validator.report.html.shapes import RowDrawn

SHEET = 10
"""Rows on the sheet."""


@dataclass(slots=True)
class Doubts:
    """What findings about entries say: the system that each is drawn in, which is certain or the first that is
    possible, and places in samples.parquet of rows that show it.
    """

    meant: dict[str, System] = field(default_factory=dict)
    places: tuple[int, ...] = ()


def doubts(run: FinishedRun) -> Doubts:
    """Read the findings about coordinates of another system."""
    found = Doubts()
    wanted: dict[tuple[str, str], list[int]] = defaultdict(list)
    for dataset, evidence in of_another_system(run).items():
        likely = evidence.get("certain") or next(iter(evidence.get("systems", ())), None)
        if likely in BITS:
            found.meant[dataset] = likely
        for file, row in evidence.get("examples", ())[:SHEET]:
            wanted[dataset, str(file)].append(int(row))
    found.places = places_of(run, {key: np.array(sorted(rows)) for key, rows in wanted.items()})[: 4 * SHEET]
    return found


def sheet(
    items: Sequence[Shown], drawings: dict[tuple[str, str, int], RowDrawn], cards: Sequence[dict[str, Any]]
) -> list[tuple[Shown, RowDrawn, str | None]]:
    """The rows on the sheet, the most doubtful first, each with the id of its card where it has one."""
    ids = {card["key"]: card["id"] for card in cards}
    ranked = [(item, drawings[item.key]) for item in items if item.key in drawings and drawings[item.key].doubt]
    ranked.sort(key=lambda pair: (-pair[1].doubt, pair[0].key))
    return [(item, row, ids.get(item.key)) for item, row in ranked[:SHEET]]
