"""The result of one shard in one file: its samples, its findings, and what later steps need of it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
from pydantic import TypeAdapter

from validator.engine.execution.judge import Judge
from validator.engine.run_files.summary import Tally
from validator.engine.tables.finding_columns import WITH_LINES, to_batch
from validator.facts.columns import Batch
from validator.facts.table import ROW, SAMPLES
from validator.findings import Finding
from validator.storage.identity import Identity
from validator.writing import whole_file

BATCH = 1024
"""Records that become one table at a time."""


@dataclass(slots=True)
class ShardState:
    """What is known of a shard besides its rows: counts, what was seen of its media, the probes that were made of them
    now, as lines of JSON, and the program that made it.
    """

    tally: Tally
    media: dict[str, Identity]
    probes: list[bytes]
    program: str


class ResultWriter:
    """Collects the result of a shard. Memory is bounded by the size of the result, compressed."""

    def __init__(self) -> None:
        self._batch = Batch(SAMPLES, ROW)
        self._samples = BytesIO()
        self._writer = pa.ipc.new_stream(self._samples, SAMPLES, options=pa.ipc.IpcWriteOptions(compression="lz4"))
        self._found: list[Finding] = []
        self._findings = BytesIO()
        self._findings_writer = pa.ipc.new_stream(
            self._findings, WITH_LINES, options=pa.ipc.IpcWriteOptions(compression="lz4")
        )

    def add(self, row: tuple[Any, ...], findings: list[Finding]) -> None:
        """Append a row of samples.parquet and its findings, in order."""
        self._batch.append(row)
        if self._batch.num_rows == BATCH:
            self._flush()
        self._found += findings
        if len(self._found) >= BATCH:
            self._flush_findings()

    def add_batches(self, samples: pa.RecordBatch, findings: pa.RecordBatch) -> None:
        """Append records of samples.parquet and their findings, as columns with their lines."""
        self._writer.write_batch(samples)
        if findings.num_rows:
            self._findings_writer.write_batch(findings)

    def _flush(self) -> None:
        self._writer.write_batch(self._batch.take())

    def _flush_findings(self) -> None:
        self._findings_writer.write_batch(to_batch(self._found))
        self._found.clear()

    def write(self, path: Path, state: ShardState, judges: Iterable[Judge]) -> None:
        """Write everything to a file, whole or not at all. The aggregates are taken out of the judges, so that little
        is held twice.
        """
        if self._batch.num_rows:
            self._flush()
        if self._found:
            self._flush_findings()
        self._writer.close()
        self._findings_writer.close()
        media = [[_as_text(name), seen.kind, seen.size, seen.stamp] for name, seen in state.media.items()]
        rest = {"tally": _TALLY.dump_python(state.tally, mode="json"), "media": media, "program": state.program}
        with whole_file(path) as file, zipfile.ZipFile(file, "w") as archive:
            archive.writestr("samples.arrow", self._samples.getbuffer())
            archive.writestr("findings.arrow", self._findings.getbuffer())
            archive.writestr("state.json", orjson.dumps(rest))
            archive.writestr("probes.jsonl", b"\n".join(state.probes))
            with archive.open("aggregates.jsonl", "w") as lines:
                for judge in judges:
                    for name, plain in judge.taken():
                        line = orjson.dumps([judge.entry.name, name, plain], option=orjson.OPT_APPEND_NEWLINE)
                        lines.write(line)


_TALLY = TypeAdapter(Tally)


class ShardResult:
    """Reads the result of a shard. Raises OSError, ValueError or KeyError where the file is none."""

    def __init__(self, path: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(path)
            self._state = orjson.loads(self._archive.read("state.json"))
        except zipfile.BadZipFile as error:
            raise ValueError(str(error)) from None

    def close(self) -> None:
        """Close the file."""
        self._archive.close()

    def samples(self) -> Iterator[pa.RecordBatch]:
        """The records of samples.parquet."""
        return self._batches("samples.arrow")

    def findings(self) -> Iterator[pa.RecordBatch]:
        """The findings, as columns with their lines."""
        return self._batches("findings.arrow")

    def _batches(self, name: str) -> Iterator[pa.RecordBatch]:
        with pa.ipc.open_stream(self._archive.read(name)) as reader:
            yield from reader

    def probes(self) -> list[bytes]:
        """The probes that were made for this shard, as lines of JSON."""
        return self._archive.read("probes.jsonl").splitlines()

    @property
    def program(self) -> str:
        """The key of the program that has made it."""
        return str(self._state.get("program"))

    @property
    def tally(self) -> Tally:
        """The counts."""
        return _TALLY.validate_python(self._state["tally"])

    def merge_into(self, judges: Mapping[str, Judge]) -> None:
        """Have the judges, by the names of their entries, take in what the corpus rules have folded."""
        with self._archive.open("aggregates.jsonl") as lines:
            for line in lines:
                dataset, name, plain = orjson.loads(line)
                judges[dataset].merge(name, plain)

    @property
    def media(self) -> Iterator[tuple[str, Identity]]:
        """What was seen of the shard's media."""
        return ((_as_name(name), Identity(*seen)) for name, *seen in self._state["media"])


def _as_text(name: str) -> str:
    """File names may hold bytes that are no text."""
    return name if name.isascii() else os.fsencode(name).decode("latin-1")


def _as_name(text: str) -> str:
    return text if text.isascii() else os.fsdecode(text.encode("latin-1"))
