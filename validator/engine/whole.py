"""Whether a run folder holds a whole finished run, whose files belong together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from validator.engine.amend import load_summary
from validator.engine.finding_columns import FINDINGS
from validator.engine.opened import CATALOG
from validator.facts.table import SAMPLES
from validator.run_folder.damage import opened, unusable
from validator.run_folder.table import RunTable

_BLOCK = 1 << 20


def check_whole(folder: Path) -> dict[str, Any]:
    """The summary of a finished run, after a look at its other files: all are there, of this version, and speak of as
    many rows and findings as the summary. Raises UnusableRunError.
    """
    summary = load_summary(folder)
    found = sum(summary["findings"].values())
    for name, schema, number in (
        ("samples.parquet", SAMPLES, summary["rows"]["total"]),
        ("findings.parquet", FINDINGS, found),
    ):
        with RunTable(folder / name, schema) as table:
            if table.num_rows != number:
                raise _other(folder / name, table.num_rows, number)
    with opened(folder / "findings.jsonl") as file:
        lines = sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
    if lines != found:
        raise _other(folder / "findings.jsonl", lines, found)
    with opened(folder / CATALOG):
        pass
    return summary


def _other(path: Path, here: int, wanted: int) -> Exception:
    return unusable(path, f"holds {here:,} records, and summary.json speaks of {wanted:,}")
