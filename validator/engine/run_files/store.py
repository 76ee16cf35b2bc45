"""The run folder: samples.parquet, findings.parquet, findings.jsonl, summary.json, each written whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from validator.engine.gate.gate import Gate, Tables, keep_accepted
from validator.engine.tables.finding_columns import FINDINGS, ROW_GROUP, lines_of
from validator.facts.table import SAMPLES
from validator.run_folder.names import REPLAY, SUMMARY
from validator.writing import Parts


class _Table:
    """Writes tables to a Parquet file in row groups of one size, however they arrive."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._rows += batch.num_rows
        if self._rows >= ROW_GROUP:
            table = pa.Table.from_batches(self._waiting, self._schema)
            whole = self._rows - self._rows % ROW_GROUP
            for start in range(0, whole, ROW_GROUP):
                self._write(table.slice(start, ROW_GROUP))
            self._waiting = table.slice(whole).to_batches()
            self._rows -= whole

    def _write(self, table: pa.Table) -> None:
        self._writer.write_table(table.combine_chunks(), row_group_size=ROW_GROUP)

    def close(self) -> None:
        if self._rows:
            self._write(pa.Table.from_batches(self._waiting, self._schema))
        self._writer.close()


class FindingsFile:
    """Writes findings.parquet and findings.jsonl, as parts."""

    def __init__(self, parts: Parts) -> None:
        self._table = _Table(parts.new("findings.parquet"), FINDINGS)
        self._lines: BinaryIO = parts.new("findings.jsonl").open("wb")

    def __enter__(self) -> FindingsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def add(self, findings: pa.RecordBatch) -> None:
        """Append findings as columns with their lines, already in order."""
        self._lines.write(lines_of(findings))
        self._table.add(findings.select(FINDINGS.names))

    def close(self) -> None:
        """Write what is left."""
        self._table.close()
        self._lines.close()


def publish(parts: Parts, folder: Path, names: Sequence[str], summary: dict[str, Any], gate: Gate) -> None:
    """Give the files of a run their names, the summary last: while some have theirs and others not, the folder holds no
    finished run.
    """
    try:
        parts.new(SUMMARY).write_bytes(as_json(summary))
        (folder / SUMMARY).unlink(missing_ok=True)
        parts.keep(*names)
        keep_accepted(folder, gate)
        parts.keep(SUMMARY)
    finally:
        parts.discard()


def as_json(document: Any) -> bytes:
    """A document as it is written: indented, with a line end."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


class RunFolder:
    """Collects the results of a run. Files get their names only when `finish` is reached."""

    TABLES = ("samples.parquet", "findings.parquet", "findings.jsonl", "catalog.json")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parts = Parts(path)
        self._samples = _Table(self._parts.new("samples.parquet"), SAMPLES)
        self._findings = FindingsFile(self._parts)

    def add_samples(self, batch: pa.RecordBatch) -> None:
        """Append records of samples.parquet."""
        self._samples.add(batch)

    def add_findings(self, findings: pa.RecordBatch) -> None:
        """Append findings as columns with their lines, already in order."""
        self._findings.add(findings)

    def close_tables(self) -> None:
        """Close samples and findings; called before the summary is made, so that it can speak of them."""
        self._samples.close()
        self._findings.close()

    @property
    def tables(self) -> Tables:
        """Findings and samples, before they have their names."""
        return Tables(*(self._parts[name] for name in ("findings.parquet", "findings.jsonl", "samples.parquet")))

    def finish(self, catalog: bytes, summary: dict[str, Any], gate: Gate) -> None:
        """Write the catalog and the summary, and give every file its name. What a replay added to an earlier run does
        not speak of this one: it is removed.
        """
        self._parts.new("catalog.json").write_bytes(catalog)
        publish(self._parts, self.path, self.TABLES, summary, gate)
        (self.path / REPLAY).unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove what is unfinished."""
        self._parts.discard()
