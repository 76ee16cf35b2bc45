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
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.json as paj
import pyarrow.parquet as pq

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


class _Table:
    """Writes records to a Parquet file in row groups of one size.

    Records pass through pyarrow's JSON reader: it is faster than typing Python objects, and does not import pandas.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._options = paj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._lines: list[bytes] = []

    def add(self, record: dict[str, Any]) -> None:
        self._lines.append(orjson.dumps(record))
        if len(self._lines) == ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        data = b"\n".join(self._lines)
        options = paj.ReadOptions(block_size=len(data) + 1)
        table = paj.read_json(BytesIO(data), read_options=options, parse_options=self._options)
        self._writer.write_table(table.select(self._schema.names), row_group_size=ROW_GROUP)
        self._lines = []

    def close(self) -> None:
        if self._lines:
            self._flush()
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

    def add(self, findings: Iterable[Finding]) -> None:
        """Append findings, already in order."""
        for finding in findings:
            self._lines.write(orjson.dumps(finding, option=orjson.OPT_APPEND_NEWLINE))
            evidence = orjson.dumps(finding.evidence, option=orjson.OPT_SORT_KEYS).decode()
            self._table.add({**asdict(finding), "evidence": evidence})

    def close(self) -> None:
        """Write what is left."""
        self._table.close()
        self._lines.close()


class RunFolder:
    """Collects the results of a run. Files get their names only when `finish` is reached."""

    NAMES = ("samples.parquet", "findings.parquet", "findings.jsonl", "summary.json")

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        ignore = path / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        self._samples = _Table(self._part("samples.parquet"), SAMPLES)
        self._findings = FindingsFile(path)

    def _part(self, name: str) -> Path:
        return self.path / f"{name}.part"

    def add_sample(self, record: dict[str, Any]) -> None:
        """Append a record of samples.parquet."""
        self._samples.add(record)

    def add_findings(self, findings: Iterable[Finding]) -> None:
        """Append findings, already in order."""
        self._findings.add(findings)

    def close_tables(self) -> None:
        """Close samples and findings; called before the summary is made, so that it can speak of them."""
        self._samples.close()
        self._findings.close()

    def finish(self, summary: dict[str, Any]) -> None:
        """Write the summary and give every file its name."""
        text = orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        self._part("summary.json").write_bytes(text)
        for name in self.NAMES:
            part = self._part(name)
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(self.path / name)

    @classmethod
    def discard(cls, path: Path) -> None:
        """Remove what an interrupted run left unfinished in a folder."""
        for name in cls.NAMES:
            (path / f"{name}.part").unlink(missing_ok=True)


class Spool:
    """Keeps the row findings of one entry on disk until its corpus findings are known."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, findings: Iterable[Finding]) -> None:
        """Append findings, in order."""
        for finding in findings:
            self._file.write(orjson.dumps(finding, option=orjson.OPT_APPEND_NEWLINE))

    def merged(self, others: list[Finding]) -> Iterator[Finding]:
        """All findings of the entry in order."""
        self._file.seek(0)
        spooled = (Finding(**orjson.loads(line)) for line in self._file)
        return heapq.merge(spooled, others, key=Finding.order)
