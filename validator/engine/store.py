"""The run folder: samples.parquet, findings.parquet, findings.jsonl, summary.json, each written whole or not at all."""

from __future__ import annotations

import heapq
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import orjson
import pyarrow as pa
import pyarrow.json as paj
import pyarrow.parquet as pq

from validator.engine.gate import Tables
from validator.facts.table import SAMPLES
from validator.findings import Finding

ROW_GROUP = 4096
FINDINGS = pa.schema(
    [
        ("code", pa.string()),
        ("name", pa.string()),
        ("severity", pa.string()),
        ("dataset", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("sample_id", pa.string()),
        ("turn", pa.int64()),
        ("media_index", pa.int64()),
        ("message", pa.string()),
        ("help", pa.string()),
        ("evidence", pa.string()),
    ]
)


def _to_table(lines: list[bytes], schema: pa.Schema) -> pa.Table:
    """Records as JSON lines -> a table. pyarrow's JSON reader is faster than its typing of Python objects, and does
    not import pandas.
    """
    data = b"\n".join(lines)
    options = paj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    table = paj.read_json(BytesIO(data), paj.ReadOptions(use_threads=False, block_size=len(data) + 1), options)
    return table.select(schema.names)


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
        self._records: list[bytes] = []

    def __enter__(self) -> FindingsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def add(self, findings: Iterable[Finding]) -> None:
        """Append findings, already in order."""
        for finding in findings:
            self._lines.write(orjson.dumps(finding, option=orjson.OPT_APPEND_NEWLINE))
            evidence = orjson.dumps(finding.evidence, option=orjson.OPT_SORT_KEYS).decode()
            self._records.append(orjson.dumps({**asdict(finding), "evidence": evidence}))
            if len(self._records) == ROW_GROUP:
                self._flush()

    def _flush(self) -> None:
        for batch in _to_table(self._records, FINDINGS).to_batches() if self._records else ():
            self._table.add(batch)
        self._records = []

    def close(self) -> None:
        """Write what is left."""
        self._flush()
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

    def add_findings(self, findings: Iterable[Finding]) -> None:
        """Append findings, already in order."""
        self._findings.add(findings)

    def close_tables(self) -> None:
        """Close samples and findings; called before the summary is made, so that it can speak of them."""
        self._samples.close()
        self._findings.close()

    @property
    def tables(self) -> Tables:
        """Findings and samples, before they have their names."""
        return Tables(self._part("findings.jsonl"), self._part("samples.parquet"))

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


class Spool:
    """Keeps the row findings of a run on disk until the corpus findings are known."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - see close

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def add(self, lines: Iterable[bytes]) -> None:
        """Append findings as JSON lines, in order."""
        self._file.writelines(lines)

    @property
    def size(self) -> int:
        """Bytes so far: what is added later begins there."""
        return self._file.tell()

    def merged(self, begin: int, end: int, others: list[Finding]) -> Iterator[Finding]:
        """The findings between two sizes, those of one entry, and others of the same entry, in order."""
        return heapq.merge(self._between(begin, end), others, key=Finding.order)

    def _between(self, begin: int, end: int) -> Iterator[Finding]:
        self._file.seek(begin)
        while self._file.tell() < end:
            yield Finding(**orjson.loads(self._file.readline()))
