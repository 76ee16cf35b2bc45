"""Knows findings of one run again in another: by what the row holds, not by where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import xxhash

from validator.engine.amend import load_findings
from validator.findings import Finding

_KEY = ["dataset", "file", "row"]
_DIGITS = re.compile(r"\d[\d,.]*")


def fingerprint(finding: Finding, content_hash: str | None) -> str:
    """32 hexadecimal digits. Of a finding about a row: its code, turn and medium and the row's `content_hash`, so that
    rows that were moved, within a file or to another, keep theirs. Of one about a file or an entry (no hash): its code,
    names and message without numbers. Equal findings have equal fingerprints: they are told apart by counting.
    """
    if content_hash is not None:
        parts: tuple[object, ...] = (finding.code, content_hash, finding.turn, finding.media_index)
    else:
        message = _DIGITS.sub("0", finding.message)
        parts = (finding.code, finding.dataset, finding.file, finding.turn, finding.media_index, message)
    return xxhash.xxh3_128_hexdigest("\0".join(map(str, parts)).encode("utf-8", "surrogatepass"))


def load_fingerprints(folder: Path) -> Iterator[tuple[Finding, str]]:
    """The findings of a finished run with their fingerprints, in order; neither findings nor rows are held in memory.

    Raises OSError where the folder holds no finished run.
    """
    hashes = _hashes(folder / "samples.parquet")
    here, content_hash = ("", "", -1), ""
    for finding in load_findings(folder):
        if finding.file is None or finding.row is None:
            yield finding, fingerprint(finding, None)
            continue
        wanted = (finding.dataset, finding.file, finding.row)
        while here < wanted and (record := next(hashes, None)) is not None:
            here, content_hash = record
        yield finding, fingerprint(finding, content_hash if here == wanted else None)


def _hashes(samples: Path) -> Iterator[tuple[tuple[str, str, int], str]]:
    """(dataset, file, row) and content hash of every row, in the order of findings."""
    with pq.ParquetFile(samples) as opened:
        for batch in opened.iter_batches(columns=[*_KEY, "content_hash"]):
            keys = zip(*(batch.column(name).to_pylist() for name in _KEY), strict=True)
            yield from zip(keys, batch.column("content_hash").to_pylist(), strict=True)
