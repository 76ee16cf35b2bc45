"""Fingerprints: by what a finding is known again in another run of changed data.

A fingerprint rests on the content of the row, never on its number, so it holds when rows are added, removed or sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import xxhash

from validator.engine.tables.by_file import by_file
from validator.facts.columns import integers, numbers_of, plain_array, text_scalar
from validator.facts.table import SAMPLES
from validator.run_folder.table import RunTable

_BEGIN, _QUOTE, _COMMA, _END, _NOTHING, _NULL = map(text_scalar, ('["', '"', ",", "]", "", "null"))
_PLACE = ["dataset", "file", "row", "content_hash"]


def fingerprinted(findings: Iterable[pa.RecordBatch], samples: Path) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
    """Batches of findings, each with the fingerprints of its findings, of 64 bits; `samples` is the samples.parquet of
    the same run. A fingerprint is a hash of rule, entry, content of the row (or its place), turn and medium.

    Both are read once, in step: their order is that of dataset, file and row. Equal rows give equal fingerprints.
    """
    import pyarrow.compute as pc  # it takes as long to load as a small run to check, and most need no fingerprints

    contents = _Contents(samples)
    for batch in findings:
        entries, abouts = [], []
        for dataset, file, start, stop in by_file(batch):
            rows = batch["row"].slice(start, stop - start)
            found = pa.concat_arrays(contents.of(dataset, file, numbers_of(rows)))
            about = pc.binary_join_element_wise(_QUOTE, found, _QUOTE, _NOTHING)
            if found.null_count:
                places = zip(about.to_pylist(), rows.to_pylist(), strict=True)
                texts = [orjson.dumps([file, row]).decode() if text is None else text for text, row in places]
                about = plain_array(texts, pa.string())
            abouts.append(about)
            entries += [(orjson.dumps(dataset).decode(), stop - start)]
        yield batch, _hashes(batch, entries, abouts)


def as_text(fingerprint: int) -> str:
    """As files show it: 16 hexadecimal digits."""
    return f"{fingerprint:016x}"


def _hashes(batch: pa.RecordBatch, entries: list[tuple[str, int]], abouts: list[pa.Array]) -> np.ndarray:
    if not abouts:
        return np.empty(0, np.uint64)
    import pyarrow.compute as pc

    names = plain_array([name for name, _ in entries], pa.string())
    of_each = integers(np.repeat(np.arange(len(entries)), [number for _, number in entries]))
    code = batch["code"].cast(pa.string())
    turn, media = (batch[name].cast(pa.string()).fill_null(_NULL) for name in ("turn", "media_index"))
    first = pc.binary_join_element_wise(_BEGIN, code, _QUOTE, _NOTHING)
    last = pc.binary_join_element_wise(media, _END, _NOTHING)
    joined = pc.binary_join_element_wise(first, names.take(of_each), pa.concat_arrays(abouts), turn, last, _COMMA)
    _, offsets, data = joined.buffers()
    ends = np.frombuffer(offsets, np.int32)[joined.offset : joined.offset + len(joined) + 1].tolist()
    text, digest = memoryview(data), xxhash.xxh3_64_intdigest
    return np.fromiter((digest(text[start:end]) for start, end in pairwise(ends)), np.uint64, len(joined))


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Rows of one file that follow each other, with the hashes of their contents."""

    file: tuple[str, str]
    rows: np.ndarray
    contents: pa.Array


class _Contents:
    """The hashes of rows, asked for in order."""

    def __init__(self, samples: Path) -> None:
        self._stretches = _stretches(samples)
        self._here = next(self._stretches, None)

    def of(self, dataset: str, file: str | None, rows: np.ndarray) -> list[pa.Array]:
        """The hashes of rows of a file, in order, in pieces; null of what is about no row (-1) or about one that was
        not read.
        """
        wanted = (dataset, file or "")
        begin = int(np.searchsorted(rows, 0))
        found = [pa.nulls(begin, pa.string())]
        while begin < len(rows):
            while (here := self._here) is not None and (here.file, here.rows[-1]) < (wanted, rows[begin]):
                self._here = next(self._stretches, None)
            if here is None or here.file != wanted:
                return [*found, pa.nulls(len(rows) - begin, pa.string())]
            end = int(np.searchsorted(rows, here.rows[-1], "right"))
            mine = rows[begin:end]
            places = np.searchsorted(here.rows, mine)
            there = here.rows[places] == mine
            known = integers(places) if there.all() else plain_array(_or_none(places, there), pa.int64())
            found.append(here.contents.take(known))
            begin = end
        return found


def _or_none(places: np.ndarray, there: np.ndarray) -> list[int | None]:
    return [place if known else None for place, known in zip(places.tolist(), there.tolist(), strict=True)]


def _stretches(samples: Path) -> Iterator[_Stretch]:
    with RunTable(samples, SAMPLES, ["dataset", "file"]) as opened:
        for batch in opened.batches(_PLACE):
            for dataset, file, start, stop in by_file(batch):
                rows, contents = (batch[name].slice(start, stop - start) for name in _PLACE[2:])
                yield _Stretch((dataset, file or ""), numbers_of(rows), contents)
