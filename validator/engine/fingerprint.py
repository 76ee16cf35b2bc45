"""Fingerprints: by what a finding is known again in another run of changed data.

A fingerprint rests on the content of the row, never on its number, so it holds when rows are added, removed or sorted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import xxhash

from validator.facts.table import SAMPLES
from validator.run_folder.finding_lines import finding_lines
from validator.run_folder.table import RunTable

_PLACE = ["dataset", "file", "row", "content_hash"]


def fingerprinted(findings: Path, samples: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Each finding of a findings.jsonl with its fingerprint; `samples` is the samples.parquet of the same run.

    Both are read once, in step: their order is that of dataset, file and row. Equal rows give equal fingerprints.
    """
    rows = _hashes(samples)
    at: tuple[str, str, int] | None = None
    content: str | None = None
    for finding in finding_lines(findings):
        known = None
        if finding["row"] is not None:
            wanted = (finding["dataset"], finding["file"], finding["row"])
            while at is None or at < wanted:
                at, content = next(rows, (wanted, None))
            known = content if at == wanted else None  # a finding about a row that was not read
        yield finding, fingerprint(finding, known)


def fingerprint(finding: dict[str, Any], content: str | None) -> str:
    """16 hexadecimal digits: rule, entry, content of the row (or the name of the file), turn, medium."""
    about = content if content is not None else [finding["file"], finding["row"]]
    parts = [finding["code"], finding["dataset"], about, finding["turn"], finding["media_index"]]
    return xxhash.xxh3_64_hexdigest(orjson.dumps(parts))


def _hashes(samples: Path) -> Iterator[tuple[tuple[str, str, int], str | None]]:
    with RunTable(samples, SAMPLES) as table:
        for batch in table.batches(_PLACE):
            columns = [batch.column(name).to_pylist() for name in _PLACE]
            for dataset, name, row, content in zip(*columns, strict=True):
                yield (dataset, name, row), content
