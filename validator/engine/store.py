"""The run folder: samples.parquet, findings.parquet, findings.jsonl, summary.json, each written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from validator.engine.finding_columns import FINDINGS, ROW_GROUP, lines_of
from validator.engine.gate import Tables
from validator.facts.table import SAMPLES


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
    """Writes findings.parquet.part and findings.jsonl.part."""

    def __init__(self, folder: Path) -> None:
        self._table = _Table(folder / "findings.parquet.part", FINDINGS)
        self._lines: BinaryIO = (folder / "findings.jsonl.part").open("wb")

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


class RunFolder:
    """Collects the results of a run. Files get their names only when `finish` is reached."""

    TABLES = ("samples.parquet", "findings.parquet", "findings.jsonl", "catalog.json")
    NAMES = (*TABLES, "summary.json")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._samples = _Table(self._part("samples.parquet"), SAMPLES)
        self._findings = FindingsFile(path)

    def _part(self, name: str) -> Path:
        return self.path / f"{name}.part"

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
        return Tables.of(self.path, ".part")

    def finish(self, catalog: bytes, summary: bytes) -> None:
        """Write the catalog and the summary, and give every file its name."""
        self._part("catalog.json").write_bytes(catalog)
        self._part("summary.json").write_bytes(summary)
        for name in self.NAMES:
            part = self._part(name)
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(self.path / name)

    def discard(self) -> None:
        """Remove what is unfinished."""
        for name in self.NAMES:
            self._part(name).unlink(missing_ok=True)
