"""Writes the rows of one job. Runs in a worker process, as a shard of a check does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from validator.catalog.formats import file_rows
from validator.catalog.json_rows import RawRow
from validator.conversation.sample import MediaKind
from validator.engine.execution.marker import Marker
from validator.engine.execution.probes import Probes
from validator.engine.execution.shard import Part, ShardDone, ShardJob, check_same_program, enter
from validator.engine.tables.finding_columns import ROW_GROUP
from validator.errors import ChangedDataError, UnusableRunError
from validator.facts.columns import array_of, numbers_of, plain_array
from validator.facts.measure import Measurer
from validator.facts.record import RowFacts
from validator.facts.table import SAMPLES, from_columns
from validator.run_folder.table import RunTable
from validator.storage.media_files import MediaFiles
from validator.storage.remote import locate
from validator.tokenizing.plan import Mask
from validator.tokenizing.rows import Collected, FileRows, NotWrittenError
from validator.tokens.processor import load_processor
from validator.writing import whole_file

BATCH = 1000
"""Rows of a record batch, as `datasets` writes them."""
_TEXT, _FRAMES = pa.string(), pa.list_(pa.string())


class GivenUpError(UnusableRunError):
    """The rows of a job cannot be written. The message is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizeJob(ShardJob):
    """The rows of `parts` that are `kept` (of each part a mask, whose first element is the record `begins` of
    samples.parquet, `facts`). `kinds`: media for which there is to be a column of lists, whether any row here has some.
    `characters`: about how many a process encodes in all.
    """

    begins: tuple[int, ...]
    kept: tuple[Mask, ...]  # type: ignore[assignment]
    kinds: frozenset[MediaKind]
    characters: int

    def done_by(self, marker: Marker) -> ShardDone:
        """Write the rows. Raises GivenUpError where they are not what the run has seen, or cannot be written."""
        enter(self)
        check_same_program(self, ())
        load_processor(self.settings.processor).encoder.told(self.characters)
        marker.begin(self.ordinal, self.attempt, self.row_timeout)
        begun = time.monotonic()
        try:
            rows = self._write(marker)
        except (ChangedDataError, NotWrittenError) as error:
            raise GivenUpError(str(error)) from None
        marker.end()
        return ShardDone(self.ordinal, rows, 0, 0, time.monotonic() - begun)

    def _write(self, marker: Marker) -> int:
        types: dict[MediaKind, pa.DataType] = dict.fromkeys(sorted(self.kinds), _TEXT)
        while True:
            try:
                return self._written(types, marker)
            except _FramesError as error:
                if types[error.kind] == _FRAMES:
                    raise
                types[error.kind] = _FRAMES

    def _written(self, types: dict[MediaKind, pa.DataType], marker: Marker) -> int:
        form = self.settings.profile.tokenized
        assert form is not None
        schema = form.schema(types)
        rows = 0
        files = MediaFiles(self.settings.resolved_media_dir, Probes(self.probes))
        with closing(files), whole_file(self.target) as file, pa.ipc.new_stream(file, schema) as writer:
            for collected in self._batches(files, marker):
                for kind, column in collected.media.items():
                    _check(kind, column, types)
                if form.keeps == "ids":
                    media = {kind: array_of(collected.media[kind], pa.list_(held)) for kind, held in types.items()}
                    writer.write_batch(form.batch(collected.rows(media), schema))
                else:
                    writer.write_batch(form.rows(collected.loaded, collected.lengths, schema))
                rows += len(collected)
                files.forget()
                marker.done(len(collected), 0, 0)
        return rows

    def _batches(self, files: MediaFiles, marker: Marker) -> Iterator[Collected]:
        collected, form = Collected(), self.settings.profile.tokenized
        assert self.facts is not None and form is not None
        with RunTable(self.facts, SAMPLES) as samples:
            known = _Facts(samples)
            for part, begin, kept in zip(self.parts, self.begins, self.kept, strict=True):
                assert part.entry.entry is not None and part.file.survey is not None
                measurer = Measurer(part.entry.entry, part.file.name, part.file.survey, self.settings, files)
                encoder = FileRows(measurer)
                raws = _raw_rows(part)
                for facts, num_tokens in known.of(begin, kept):
                    marker.at(facts.row)
                    raw = _row(raws, facts)
                    if form.keeps == "ids":
                        encoder.encode(raw, facts, num_tokens, collected)
                    else:
                        encoder.load(raw, facts, num_tokens, form, collected)
                    if len(collected) == BATCH:
                        yield collected
                        collected = Collected()
        if len(collected):
            yield collected


class _FramesError(NotWrittenError):
    """A kind of media is given as lists of frames, and as paths before."""

    def __init__(self, kind: MediaKind) -> None:
        super().__init__(f"{kind}s are given as paths in some rows and as lists of frames in others: the trainer stops")
        self.kind = kind


def _check(kind: MediaKind, column: list[list[Any] | None], types: dict[MediaKind, pa.DataType]) -> None:
    """Raise _FramesError where media are not of the type of their column."""
    held = {isinstance(item, list) for items in column if items for item in items}
    if held - {types.get(kind) == _FRAMES}:
        raise _FramesError(kind)


class _Facts:
    """The facts of rows by their records, of which the last row group is held: small files share it."""

    def __init__(self, samples: RunTable) -> None:
        self._samples = samples
        self._held: tuple[int, pa.RecordBatch | None] = -1, None

    def of(self, begin: int, kept: Mask) -> Iterator[tuple[RowFacts, int]]:
        """The facts of the kept ones of some records, and the tokens that were counted."""
        place = begin
        while place < begin + len(kept):
            group, first = divmod(place, ROW_GROUP)
            batch = self._group(group)
            some = kept[place - begin :][: batch.num_rows - first]
            chosen = batch.slice(first, len(some)).filter(plain_array(some.tolist(), pa.bool_()))
            yield from zip(from_columns(chosen), numbers_of(chosen["num_tokens"]).tolist(), strict=True)
            place += len(some)

    def _group(self, number: int) -> pa.RecordBatch:
        held, batch = self._held
        if batch is None or held != number:
            (batch,) = self._samples.group(number, threads=False).combine_chunks().to_batches()
            self._held = number, batch
        return batch


def _raw_rows(part: Part) -> Iterator[RawRow]:
    assert part.entry.entry is not None and part.file.survey is not None
    floats = part.entry.entry.formatting == "openai"
    return file_rows(locate(part.path), part.file.survey, part.span, loader_floats=floats)


def _row(raws: Iterator[RawRow], facts: RowFacts) -> RawRow:
    """The raw row of some facts, those before it passed over. Raises ChangedDataError where it is not there."""
    for raw in raws:
        if raw.index == facts.row:
            return raw
    raise ChangedDataError(f"row {facts.row} of {facts.file} is no longer there: run mmvalidate again")
