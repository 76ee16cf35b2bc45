"""What a run says of its rows, under a policy, read file by file: one row group of its tables is held at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from validator.engine.run_files.finished import FinishedRun
from validator.exporting.policy import Policy, Reason
from validator.facts.columns import plain_array
from validator.findings import SEVERITIES
from validator.run_folder.damage import unusable
from validator.run_folder.table import RunTable

SOUND = ("ok", "not_loaded")
"""Statuses of rows with which nothing is wrong by themselves."""
FileKey = tuple[str, str]
"""Dataset and file."""
_CAUSES = frozenset(("DI015",))
_SAMPLES = ("dataset", "file", "row", "sample_id", "content_hash", "refused", "status", "trainer_error", "unchecked")
_REFUSED = Reason("DI004", "error", "the trainer's loader refuses the file because of this row")
_FINDINGS = ("dataset", "file", "row", "code", "severity", "message")


@dataclass(slots=True)
class VerdictRow:
    """A row that something was found in. `reasons` are those for which it stays behind; `codes` are those of all its
    findings, and of one about its entry that stands for them.
    """

    row: int
    sample_id: str
    content_hash: str
    codes: frozenset[str] = frozenset()
    reasons: tuple[Reason, ...] = ()


class Against(NamedTuple):
    """A finding about a file, or, where that is None, about an entry."""

    file: str | None
    reason: Reason


class Verdicts:
    """What a run says under a `policy`. `against` holds the findings about whole files and entries, in order, by entry.

    Raises UnusableRunError where the tables of the run cannot be read.
    """

    def __init__(self, run: FinishedRun, policy: Policy) -> None:
        self.policy = policy
        self._samples = _VerdictTable(run.samples_table(), run.tables.samples, _SAMPLES)
        self._findings = _VerdictTable(run.findings_table(), run.tables.findings, _FINDINGS)
        self._rows = self._samples.spans("status", pc.is_valid)
        self._odd = self._samples.spans("status", _is_odd).keys()
        self._found = self._findings.spans("row", pc.is_valid)
        self.against: dict[str, list[Against]] = {}
        for dataset, file, _, *said in self._findings.where("row", pc.is_null):
            self.against.setdefault(dataset, []).append(Against(file, Reason(*said)))

    def any_of(self, key: FileKey) -> bool:
        """Whether something was found in a row of a file."""
        return key in self._odd or key in self._found

    def of(self, key: FileKey) -> Iterator[VerdictRow]:
        """The rows of a file that something was found in, in their order."""
        of_entry = {against.reason.code for against in self.against.get(key[0], ())} & _CAUSES
        grouped = groupby(self._findings.read(self._found.get(key)), itemgetter(2))
        held, found = next(grouped, (-1, iter(())))
        for _, _, row, sample_id, content_hash, refused, status, *why in self._samples.read(self._rows.get(key)):
            while 0 <= held < row:
                held, found = next(grouped, (-1, iter(())))
            findings = [Reason(*said) for _, _, _, *said in found] if held == row else []
            if refused and not any(finding.code == _REFUSED.code for finding in findings):
                findings.append(_REFUSED)  # told once, for the file
            if findings or status not in SOUND:
                reasons = self.policy.reasons(findings, status, *why)
                codes = frozenset(finding.code for finding in findings) | of_entry
                yield VerdictRow(row, sample_id, content_hash, codes, reasons)

    def digest_of_dropped(self, key: FileKey) -> str:
        """The same for two entries where the same rows of a file stay behind."""
        digest = xxhash.xxh3_128()
        for row in self.of(key):
            if row.reasons:
                digest.update(row.row.to_bytes(8, "big"))
        return digest.hexdigest()

    def close(self) -> None:
        """Close the tables."""
        self._samples.close()
        self._findings.close()


class _VerdictTable:
    """A table of a run whose rows are in the order of dataset and file."""

    def __init__(self, table: RunTable, path: Path, columns: Sequence[str]) -> None:
        self._path, self._table, self._columns = path, table, columns
        self._starts = [0, *accumulate(self._table.rows_of_groups())]
        self._held: tuple[int, pa.Table] = (-1, pa.table({}))

    def spans(
        self, column: str, chosen: Callable[[pa.ChunkedArray], pa.ChunkedArray]
    ) -> dict[FileKey, tuple[int, int]]:
        """First and end of the rows of each file, as far as they are chosen by a column."""
        found: dict[FileKey, tuple[int, int]] = {}
        for number, start in enumerate(self._starts[:-1]):
            table = self._table.group(number, ["dataset", "file", column])
            places = _numbers(pc.indices_nonzero(chosen(table[column])), np.uint64)
            keys = [table[name].combine_chunks().dictionary_encode() for name in ("dataset", "file")]
            codes = np.stack([_numbers(key.indices, np.int32)[places] for key in keys])
            turns = np.flatnonzero(np.any(np.diff(codes, axis=1) != 0, axis=0)) + 1
            for first, end in pairwise([0, *turns, len(places)]) if len(places) else ():
                dataset, file = (key.dictionary[int(own[first])].as_py() for key, own in zip(keys, codes, strict=True))
                begun = found.get((dataset, file), (start + int(places[first]), 0))[0]
                found[dataset, file] = begun, start + int(places[end - 1]) + 1
        return found

    def where(self, column: str, chosen: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> Iterator[tuple[Any, ...]]:
        """The chosen rows."""
        for number in range(len(self._starts) - 1):
            mask = chosen(self._table.group(number, [column])[column])
            if pc.any(mask).as_py():
                yield from self._plain(self._group(number).filter(mask))

    def read(self, span: tuple[int, int] | None) -> Iterator[tuple[Any, ...]]:
        """Some rows."""
        first, stop = span or (0, 0)
        while first < stop:
            number = bisect_right(self._starts, first) - 1
            end = min(stop, self._starts[number + 1])
            yield from self._plain(self._group(number).slice(first - self._starts[number], end - first))
            first = end

    def _group(self, number: int) -> pa.Table:
        """A row group. The last one is kept: small files share it."""
        if self._held[0] != number:
            table = self._table.group(number, self._columns)
            if "severity" in self._columns and set(pc.unique(table["severity"]).to_pylist()) - set(SEVERITIES):
                raise unusable(self._path, f"holds severities that are none of {', '.join(SEVERITIES)}")
            self._held = number, table
        return self._held[1]

    def _plain(self, table: pa.Table) -> Iterator[tuple[Any, ...]]:
        try:
            return zip(*[table[name].to_pylist() for name in self._columns], strict=True)
        except UnicodeDecodeError as error:
            raise unusable(self._path, f"is damaged ({error})") from None

    def close(self) -> None:
        self._table.__exit__(None, None, None)


def _is_odd(status: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.invert(pc.is_in(status, plain_array(list(SOUND), pa.string())))


def _numbers(array: pa.Array, kind: type[np.integer[Any]]) -> NDArray[Any]:
    """The numbers of an array without nulls. Its own conversion imports pandas."""
    return np.frombuffer(array.buffers()[1], kind)[array.offset : array.offset + len(array)]
