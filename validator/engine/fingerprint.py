"""Fingerprints: by what a finding is known again in another run of changed data.

A fingerprint rests on the content of the row, never on its number, so it holds when rows are added, removed or sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pyarrow as pa
import xxhash

from validator.engine.by_file import by_file
from validator.facts.columns import values_of
from validator.facts.table import SAMPLES
from validator.run_folder.table import RunTable

_PLACE = ["dataset", "file", "row", "content_hash"]


def fingerprinted(findings: Iterable[pa.RecordBatch], samples: Path) -> Iterator[tuple[pa.RecordBatch, list[str]]]:
    """Batches of findings, each with the fingerprints of its findings; `samples` is the samples.parquet of the same
    run. A fingerprint is 16 hexadecimal digits of rule, entry, content of the row (or its place), turn and medium.

    Both are read once, in step: their order is that of dataset, file and row. Equal rows give equal fingerprints.
    """
    contents = _Contents(samples)
    for batch in findings:
        prints: list[str] = []
        for dataset, file, start, stop in by_file(batch):
            part = batch.slice(start, stop - start)
            rows = part["row"].to_pylist()
            known = contents.of(dataset, file, rows)
            columns = (values_of(part[name]) for name in ("code", "turn", "media_index"))
            entry, digest = orjson.dumps(dataset).decode(), xxhash.xxh3_64_hexdigest
            for row, content, code, turn, media in zip(rows, known, *columns, strict=True):
                about = f'"{content}"' if content is not None else orjson.dumps([file, row]).decode()
                turn, media = "null" if turn is None else turn, "null" if media is None else media
                prints.append(digest(f'["{code}",{entry},{about},{turn},{media}]'.encode()))
        yield batch, prints


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Rows of one file that follow each other, with the hashes of their contents."""

    file: tuple[str, str]
    last: int
    contents: dict[int, str | None]


class _Contents:
    """The hashes of rows, asked for in order."""

    def __init__(self, samples: Path) -> None:
        self._stretches = _stretches(samples)
        self._here = next(self._stretches, None)

    def of(self, dataset: str, file: str | None, rows: list[int | None]) -> list[str | None]:
        """The hashes of rows of a file; None of what is about no row, or about one that was not read."""
        wanted = (dataset, file or "")
        found: list[str | None] = []
        for row in rows:
            if row is None:
                found.append(None)
                continue
            while (here := self._here) is not None and (
                here.file < wanted or (here.file == wanted and here.last < row)
            ):
                self._here = next(self._stretches, None)
            found.append(here.contents.get(row) if here is not None and here.file == wanted else None)
        return found


def _stretches(samples: Path) -> Iterator[_Stretch]:
    with RunTable(samples, SAMPLES, ["dataset", "file"]) as opened:
        for batch in opened.batches(_PLACE):
            for dataset, file, start, stop in by_file(batch):
                rows, contents = (batch[name].slice(start, stop - start).to_pylist() for name in _PLACE[2:])
                yield _Stretch((dataset, file or ""), rows[-1], dict(zip(rows, contents, strict=True)))
