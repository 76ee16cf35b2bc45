"""Distributions over all rows of a run, from a few columns of samples.parquet, one row group at a time.

Memory is bounded by the number of distinct lengths and of datasets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from validator.engine.run_files.finished import FinishedRun
from validator.facts.budget import Limits, slots_of, tokens_of
from validator.media.video import LISTED
from validator.run_folder.table import RunTable

Ints = NDArray[np.int64]
STEPS = 4
"""Cells of a density per octave."""
CELLS = 128
"""Cells along an axis: 32 octaves."""
_COLUMNS = ["dataset", "num_tokens", "num_tokens_full", "num_image_tokens", "num_video_tokens", "image_tokens"]
_JOINED = 64
"""Row groups whose counts are kept apart before they are added up."""


class Counted:
    """How often each value occurs."""

    def __init__(self) -> None:
        self._parts: list[tuple[Ints, Ints]] = []

    def add(self, values: Ints) -> None:
        """Count some values."""
        self._parts.append(np.unique(values, return_counts=True))
        if len(self._parts) == _JOINED:
            self._parts = [self.totals()]

    def totals(self) -> tuple[Ints, Ints]:
        """Distinct values in ascending order, and their counts."""
        if not self._parts:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        values = np.concatenate([values for values, _ in self._parts])
        counts = np.concatenate([counts for _, counts in self._parts])
        distinct, places = np.unique(values, return_inverse=True)
        sums = np.zeros(len(distinct), np.int64)
        np.add.at(sums, places, counts)
        return distinct, sums


@dataclass(slots=True)
class Overview:
    """What all rows together look like. Tokens are counted before truncation.

    `density` counts rows by cell of text tokens (first axis) and visual tokens; `by_dataset` rows by cell of length.
    `cut` are rows longer than the cutoff, per dataset; `uncounted` those for which the trainer yields no tokens.
    """

    lengths: Counted = field(default_factory=Counted)
    visual: Counted = field(default_factory=Counted)
    density: Ints = field(default_factory=lambda: np.zeros((CELLS, CELLS), np.int64))
    by_dataset: dict[str, Ints] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    uncounted: int = 0


def scan(run: FinishedRun, limits: Limits | None) -> Overview:
    """Read the samples of a run once. `limits` is None where the run's processor is not at hand: then the tokens of
    videos in rows that are cut are those that are left. Raises UnusableRunError where the file is none.
    """
    overview = Overview()
    with run.samples_table(["dataset"]) as file:
        for group in range(len(file.rows_of_groups())):
            _scan_group(overview, file, group, limits)
    return overview


def _scan_group(overview: Overview, file: RunTable, group: int, limits: Limits | None) -> None:
    table = file.group(group, _COLUMNS)
    full, kept = _ints(table, "num_tokens_full"), _ints(table, "num_tokens")
    visual = _ints(table, "num_image_tokens") + _ints(table, "num_video_tokens")
    counted, cut = full >= 0, kept < full
    if cut.any():
        images = _sums(table["image_tokens"].combine_chunks())
        visual = np.where(cut, images + _ints(table, "num_video_tokens"), visual)
        places = np.flatnonzero(cut & (_ints(table, "num_video_tokens") >= 0))
        if limits is not None:
            videos = _video_tokens(file, group, places, limits)
            visual[places] = images[places] + videos
    names = table["dataset"].combine_chunks()
    _add(overview, names, full, visual, counted, cut)


def cell_of(tokens: Ints) -> Ints:
    """The cell of a density that a number of tokens falls into."""
    cells: Ints = np.minimum(np.floor(STEPS * np.log2(1 + tokens)), CELLS - 1).astype(np.int64)
    return cells


def _add(overview: Overview, names: pa.DictionaryArray, full: Ints, visual: Ints, counted: Any, cut: Any) -> None:
    overview.rows += len(full)
    overview.uncounted += int((~counted).sum())
    full_, visual_ = full[counted], np.minimum(visual[counted], full[counted])
    overview.lengths.add(full_)
    overview.visual.add(visual_)
    cells = cell_of(full_ - visual_) * CELLS + cell_of(visual_)
    overview.density += np.bincount(cells, minlength=CELLS * CELLS).reshape(CELLS, CELLS)
    indices = names.indices.to_numpy(zero_copy_only=False)
    for index, name in enumerate(names.dictionary.to_pylist()):
        mine = indices == index
        cells = np.bincount(cell_of(full[mine & counted]), minlength=CELLS)
        overview.by_dataset[name] = overview.by_dataset.get(name, np.zeros(CELLS, np.int64)) + cells
        overview.cut[name] = overview.cut.get(name, 0) + int((cut & mine).sum())


def _ints(table: pa.Table, name: str) -> Ints:
    """A column of counts, -1 where there is none."""
    values: Ints = table[name].combine_chunks().fill_null(-1).to_numpy(zero_copy_only=False)
    return values


def _sums(lists: pa.ListArray) -> Ints:
    """The sum of each list."""
    offsets = lists.offsets.to_numpy()
    running = np.concatenate(([0], np.cumsum(lists.values.to_numpy(zero_copy_only=False))))
    sums: Ints = running[offsets[1:]] - running[offsets[:-1]]
    return sums


def _video_tokens(file: RunTable, group: int, places: Ints, limits: Limits) -> Ints:
    """Tokens of the videos of some rows of a row group, before truncation."""
    tokens = np.zeros(len(places), np.int64)
    if not len(places) or not (_ints(file.group(group, ["num_videos"]), "num_videos")[places]).any():
        return tokens
    media = file.group(group, ["media"])["media"].combine_chunks().take(pa.array(places))
    known: dict[tuple[int, int, int, bool], int] = {}
    for row, items in enumerate(media.to_pylist()):
        for item in items:
            if item["kind"] == "video" and item["width"]:
                listed = item["format"] == LISTED
                size = item["frames"], item["width"], item["height"], listed
                if size not in known:
                    pads = tokens_of("video", *size[1:3], size[0], limits, listed=listed)
                    known[size] = pads * slots_of("video", item["frames"], limits)
                tokens[row] += known[size]
    return tokens
