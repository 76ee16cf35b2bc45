"""The rows of a finished run by place: which there are, which have findings, and one with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validator.engine.run_files.finished import FinishedRun
from validator.facts.budget import Limits
from validator.facts.columns import are_among
from validator.facts.recipe import limits_of
from validator.findings import clip, count
from validator.report.html.cards import Context, card
from validator.report.html.choice import Choice, places_with_findings
from validator.report.html.media import tasks
from validator.report.html.samples import gather, read_again
from validator.report.html.thumbnails import PICTURE_BYTES, draw
from validator.storage.remote import locate
from validator.tokens.processor import load_processor


class Rows:
    """Rows of a run in the order of samples.parquet, where each has a place."""

    def __init__(self, run: FinishedRun) -> None:
        self._run = run
        self.number = int(run.summary["rows"]["total"])
        self.summary = run.summary
        self.base = str(locate(run.settings.dataset_info).parent)

    @cached_property
    def found(self) -> NDArray[np.int64]:
        """The places of rows with findings that are open, in order."""
        return places_with_findings(self._run)

    @cached_property
    def _limits(self) -> Limits | None:
        settings = self._run.settings
        try:
            return limits_of(settings, load_processor(settings.processor))
        except (OSError, ValueError):  # the processor is gone: what depends on its limits is left out
            return None

    def place(self, row: str, dataset: str | None, file: str | None) -> int:
        """The place of a row, by its number in its file or by its id. Raises ValueError where there is no such row, or
        several.
        """
        chosen: list[int] = []
        places, start = [], 0
        with self._run.samples_table() as table:
            for batch in table.batches(["dataset", "file", "row", "sample_id"]):
                mask = are_among(batch["sample_id"], [row])
                if row.isdecimal() and len(row) < 19:
                    mask |= np.array(batch["row"].to_pylist()) == int(row)
                for column, wanted in (("dataset", dataset), ("file", file)):
                    if wanted is not None:
                        mask &= are_among(batch[column], [wanted])
                for place in np.flatnonzero(mask).tolist():
                    chosen.append(start + place)
                    places.append((batch["dataset"][place].as_py(), batch["file"][place].as_py()))
                start += batch.num_rows
        if len(chosen) == 1:
            return chosen[0]
        if not chosen:
            raise ValueError(f"The run has no row {clip(row)}{self._of(dataset, file)}: rows count from 0.")
        named = ", or ".join(f"--dataset {clip(one)} --file {clip(two, 200)}" for one, two in places[:3])
        raise ValueError(
            f"The run has {count(len(chosen), 'row')} {clip(row)}: add {named}{' ...' if len(places) > 3 else ''}."
        )

    @staticmethod
    def _of(dataset: str | None, file: str | None) -> str:
        return "".join(f" in {clip(name, 200)}" for name in (dataset, file) if name is not None)

    def first(self) -> int:
        """The place to begin at: the first row with a finding, or the first row."""
        return int(self.found[0]) if len(self.found) else 0

    def next_found(self, place: int, step: int) -> int:
        """The place of the next row with a finding, or of the one before; the same place where there is none."""
        if step > 0:
            at = int(np.searchsorted(self.found, place, side="right"))
            return int(self.found[at]) if at < len(self.found) else place
        at = int(np.searchsorted(self.found, place, side="left")) - 1
        return int(self.found[at]) if at >= 0 else place

    def read(self, place: int) -> ShownRow:
        """A row with all that is known of it; its turns and pictures are read again."""
        run, limits = self._run, self._limits
        shown, _ = gather(run, Choice((place,), 0), limits, {})
        (item,) = shown
        if lost := read_again(run, shown):
            item.note = lost
        thumbnails = draw(tasks(item, limits), PICTURE_BYTES)
        return ShownRow(
            card(item, 1, Context(self.base, limits, run.settings.cutoff_len, None, thumbnails, {})),
            {key: str(one.frames[0] if one.frames else one.target or "") for key, one in item.media.items()},
            {(key[3], key[4]): drawn.original for key, drawn in thumbnails.items()},
        )


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row as the HTML report has it (`card`), and, by kind and index of each medium, the
    path that the trainer opens, and a small picture where one can be drawn.
    """

    card: dict[str, Any]
    paths: dict[tuple[str, int], str]
    pictures: dict[tuple[str, int], bytes]
