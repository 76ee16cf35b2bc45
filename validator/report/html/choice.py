"""Which flagged samples are shown: the riskiest of every rule in every dataset, turn by turn until the page is full."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from validator.engine.run_files.finished import FinishedRun
from validator.findings import SEVERITIES
from validator.replaying.table import NAME, REPLAY
from validator.run_folder.table import RunTable

MOST = 300
"""Samples on a page, and of one rule in one dataset that are looked at."""
_ACCUSED = ("CRASH", "NO_TARGET", "NON_FINITE", "PRECISION_SENSITIVE", "GRAD_SPIKE", "LOSS_OUTLIER", "RESOURCE")
_FILE = ["dataset", "file"]
Group = tuple[int, str, str]
"""Rank of the severity (verdicts of a replay come first), dataset, code."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Places in samples.parquet, the most important first; `flagged` counts all rows with a finding."""

    places: tuple[int, ...]
    flagged: int


def choose(run: FinishedRun) -> Choice:
    """Choose among the rows of a run with findings that its baseline does not accept, or that a replay accuses."""
    pools: dict[Group, _Pool] = {}
    flagged, last = 0, -1
    accepted = np.array(sorted(run.accepted), np.int64)
    for part, places, risks in _found(run, run.findings_table(_FILE), ["code", "severity"]):
        if len(accepted):
            open_ = ~np.isin(part.start + np.arange(len(part.rows)), accepted)
            part, places, risks = part.where(open_), places[open_], risks[open_]
        distinct = np.unique(places)
        flagged += len(distinct) - int(len(distinct) > 0 and distinct[0] == last)
        last = int(distinct[-1]) if len(distinct) else last
        for code in np.unique(part.values["code"]):
            mine = part.values["code"] == code
            severity = SEVERITIES.index(part.values["severity"][mine][0])
            group = severity, part.dataset, str(code)
            pools.setdefault(group, _Pool()).add(places[mine], risks[mine])
    if os.path.lexists(run.folder / NAME):
        for part, places, risks in _found(run, RunTable(run.folder / NAME, REPLAY, _FILE), ["verdict", "group"]):
            accused = np.isin(part.values["verdict"], _ACCUSED) & (part.values["group"] != "control")
            for verdict in np.unique(part.values["verdict"][accused]):
                mine = accused & (part.values["verdict"] == verdict)
                pools.setdefault((-1, part.dataset, str(verdict)), _Pool()).add(places[mine], risks[mine])
    ordered = [pools[group].places for group in sorted(pools)]
    turns = (places[rank] for rank in range(MOST) for places in ordered if rank < len(places))
    return Choice(tuple(dict.fromkeys(turns))[:MOST], flagged)


def places_with_findings(run: FinishedRun) -> NDArray[np.int64]:
    """The places in samples.parquet of all rows with findings that the baseline does not accept, in order."""
    accepted = np.array(sorted(run.accepted), np.int64)
    found = [np.zeros(0, np.int64)]
    for part, places, _ in _found(run, run.findings_table(_FILE), ["code"]):
        found.append(places[~np.isin(part.start + np.arange(len(part.rows)), accepted)])
    return np.unique(np.concatenate(found))


class _Pool:
    """The riskiest rows of a group, bounded."""

    def __init__(self) -> None:
        self._places = np.zeros(0, np.int64)
        self._risks = np.zeros(0)

    def add(self, places: NDArray[np.int64], risks: NDArray[np.float64]) -> None:
        new, first = np.unique(np.concatenate((self._places, places)), return_index=True)
        order = np.lexsort((new, -np.concatenate((self._risks, risks))[first]))[:MOST]
        self._places, self._risks = new[order], np.concatenate((self._risks, risks))[first][order]

    @property
    def places(self) -> list[int]:
        return [int(place) for place in self._places]


@dataclass(frozen=True, slots=True)
class _Part:
    """Records of one file that lie together in a table; `start` is the place of the first."""

    dataset: str
    file: str
    start: int
    rows: NDArray[np.int64]
    values: dict[str, NDArray[Any]]

    def slice(self, begin: int, end: int) -> _Part:
        values = {name: column[begin:end] for name, column in self.values.items()}
        return _Part(self.dataset, self.file, self.start + begin, self.rows[begin:end], values)

    def where(self, chosen: NDArray[np.bool_]) -> _Part:
        """Some of the records; they lie together no more."""
        values = {name: column[chosen] for name, column in self.values.items()}
        return _Part(self.dataset, self.file, self.start, self.rows[chosen], values)


def _found(
    run: FinishedRun, table: RunTable, columns: list[str]
) -> Iterator[tuple[_Part, NDArray[np.int64], NDArray[np.float64]]]:
    """The records of a table about rows, with the places of those rows in samples.parquet and their risk (-1 where
    there is none). Both tables are in order, so each is read once.
    """
    samples = _parts(run.samples_table(_FILE), ["risk_score"])
    held = next(samples, None)
    for part in _parts(table, columns):
        while len(part.rows):
            wanted = part.dataset, part.file, int(part.rows[0])
            while held is not None and (held.dataset, held.file, int(held.rows[-1])) < wanted:
                held = next(samples, None)
            if held is None or (held.dataset, held.file) != (part.dataset, part.file):
                break
            end = int(np.searchsorted(part.rows, held.rows[-1], side="right"))
            within = np.searchsorted(held.rows, part.rows[:end])
            risks = np.nan_to_num(held.values["risk_score"][within].astype(np.float64), nan=-1.0)
            yield part.slice(0, end), held.start + within, risks
            part = part.slice(end, len(part.rows))


def _parts(table: RunTable, columns: list[str]) -> Iterator[_Part]:
    start = 0
    with table as opened:
        for group in range(len(opened.rows_of_groups())):
            records = opened.group(group, [*_FILE, "row", *columns])
            yield from _divided(records, columns, start)
            start += records.num_rows


def _divided(table: pa.Table, columns: list[str], start: int) -> Iterator[_Part]:
    names = {name: table[name].combine_chunks() for name in ("dataset", "file")}
    indices = [array.indices.fill_null(-1).to_numpy(zero_copy_only=False) for array in names.values()]
    rows = table["row"].combine_chunks().fill_null(-1).to_numpy(zero_copy_only=False)
    values = {name: table[name].combine_chunks().to_numpy(zero_copy_only=False) for name in columns}
    changes = np.flatnonzero((np.diff(indices[0]) != 0) | (np.diff(indices[1]) != 0)) + 1
    bounds = [0, *map(int, changes), len(rows)]
    for begin, end in pairwise(bounds):
        first = begin + int(np.searchsorted(rows[begin:end], 0))  # what is about the file or entry comes before rows
        if first < end:
            dataset, file = (
                names[name].dictionary[int(index[begin])].as_py() for name, index in zip(names, indices, strict=True)
            )
            part = {name: column[first:end] for name, column in values.items()}
            yield _Part(dataset, file, start + first, rows[first:end], part)


def places_of(run: FinishedRun, wanted: Mapping[tuple[str, str], NDArray[np.int64]]) -> tuple[int, ...]:
    """Places in samples.parquet of some rows, given by dataset and file, in order. Those that are not there are left
    out.
    """
    found: list[int] = []
    for part in _parts(run.samples_table(_FILE), []) if wanted else ():
        rows = wanted.get((part.dataset, part.file))
        if rows is not None:
            found += (part.start + np.flatnonzero(np.isin(part.rows, rows))).tolist()
    return tuple(found)


def findings_about(run: FinishedRun, keys: set[tuple[str, str, int]], most: int) -> Iterator[dict[str, Any]]:
    """The findings about some rows, and the first `most` about files and entries; `accepted`: by the baseline."""
    first = 0
    wanted = pa.array(sorted({row for _, _, row in keys}), pa.int64())
    general = 0
    with run.findings_table() as file:
        for group in range(len(file.rows_of_groups())):
            rows = file.group(group, ["row"])["row"].combine_chunks()
            near = np.isin(rows.fill_null(-1).to_numpy(zero_copy_only=False), [-1, *wanted.to_pylist()])
            places = np.flatnonzero(near)
            first += len(rows)
            if not near.any():
                continue
            table = file.group(group).take(pa.array(places))
            records = chain.from_iterable(batch.to_pylist() for batch in table.to_batches(4096))
            for place, record in zip(places + first - len(rows), records, strict=True):
                record["accepted"] = int(place) in run.accepted
                if record["row"] is None:
                    general += 1
                    if general <= most:
                        yield record
                elif (record["dataset"], record["file"], record["row"]) in keys:
                    yield record
