"""One row of a finished run, read again -> its ids, which of them are learned, and its media as the trainer has it."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from validator.catalog.json_rows import RawRow
from validator.conversation.sample import MediaKind, MediaReference, Sample
from validator.errors import ChangedDataError
from validator.facts.budget import sizes_of
from validator.facts.measure import Measurer
from validator.facts.media_measure import MediaMeasurer
from validator.facts.record import MediaFacts, RowFacts
from validator.facts.training_ids import encoded_turns, laid_out
from validator.findings import clip
from validator.trainers.tokenized import EncodedRows, RowsFormat

KINDS: tuple[MediaKind, ...] = ("image", "video", "audio")


class NotWrittenError(ValueError):
    """A row of a kind that cannot be written as the trainer would. The message is a sentence."""


class Collected:
    """Rows that are written together."""

    def __init__(self) -> None:
        self._ids = array("i")
        self._pieces: list[int] = []
        self._learned: list[bool] = []
        self.lengths: list[int] = []
        self.loaded: list[dict[str, Any]] = []
        self.media: dict[MediaKind, list[list[Any] | None]] = {kind: [] for kind in KINDS}

    def __len__(self) -> int:
        return len(self.lengths)

    def add(self, ids: list[int], pieces: list[int], learned: list[bool], media: Mapping[MediaKind, list[Any]]) -> None:
        """Append a row: its ids, the lengths of the pieces that these are of, and which pieces are learned."""
        self._ids.fromlist(ids)
        self._pieces += pieces
        self._learned += learned
        self.lengths.append(len(ids))
        for kind, column in self.media.items():
            column.append(media.get(kind))

    def add_loaded(self, row: dict[str, Any], num_tokens: int) -> None:
        """Append a row of which no ids are kept."""
        self.loaded.append(row)
        self.lengths.append(num_tokens)

    def rows(self, media: Mapping[MediaKind, pa.Array]) -> EncodedRows:
        """All of them, with their media as columns."""
        learned = np.repeat(np.array(self._learned, bool), np.array(self._pieces, np.int64))
        ids = np.frombuffer(self._ids, np.int32) if self._ids else np.empty(0, np.int32)
        return EncodedRows(ids, learned, np.array(self.lengths, np.int64), media)


class FileRows:
    """Encodes rows of one file as they were when the run was made."""

    def __init__(self, measurer: Measurer) -> None:
        self._measurer = measurer
        settings = measurer.settings.model_copy(update={"advice": False, "preview": False})
        self._media = MediaMeasurer(settings, measurer.files)

    def encode(self, raw: RawRow, facts: RowFacts, num_tokens: int, collected: Collected) -> None:
        """Append a row. Raises ChangedDataError, naming it, where the row or a medium of it is no longer what was
        checked, and NotWrittenError.
        """
        sample, measurer = self._same(raw, facts), self._measurer
        encoded = encoded_turns(measurer, sample, facts)
        ids, pieces, learned = laid_out(measurer, encoded, facts.turns, sizes_of(facts.media, measurer.limits))
        if len(ids) != num_tokens:
            raise ChangedDataError(
                f"{_name(facts)} has {len(ids):,} tokens now, and had {num_tokens:,}: its entry in the registry, or "
                "the program, has changed since the run. Run mmvalidate again"
            )
        collected.add(ids, pieces, learned, _media_of(sample, facts))

    def load(self, raw: RawRow, facts: RowFacts, num_tokens: int, form: RowsFormat, collected: Collected) -> None:
        """Append a row as the trainer's loader leaves it. Raises as `encode` does."""
        self._same(raw, facts)
        try:
            row = form.loaded(self._measurer.seen(raw), self._measurer.entry)
        except ValueError as error:
            raise NotWrittenError(f"{_name(facts)} {error}") from None
        collected.add_loaded(row, num_tokens)

    def _same(self, raw: RawRow, facts: RowFacts) -> Sample:
        """The sample of a row that is what the run has seen. Raises ChangedDataError."""
        measurer = self._measurer
        if xxhash.xxh3_128_hexdigest(raw.raw) != facts.content_hash:
            raise ChangedDataError(f"{_name(facts)} has changed since the run: run mmvalidate again")
        sample = measurer.convert(raw) if not facts.media else measurer.unresolved(raw)
        if facts.media:
            self._check_media(sample, facts)
        return sample

    def _check_media(self, sample: Sample, facts: RowFacts) -> None:
        """Raise ChangedDataError where a medium of a row is not what it was."""
        found = self._media.measure(sample)
        for now, before in zip(found, facts.media, strict=True):
            if _seen(now) != _seen(before):
                raise ChangedDataError(
                    f"the {before.kind} `{clip(before.written)}` of {_name(facts)} has changed since the run: run "
                    "mmvalidate again"
                )


def _seen(media: MediaFacts) -> tuple[Any, ...]:
    probe = media.probe
    return media.kind, media.written, probe.fault, probe.width, probe.height, probe.frames


def _media_of(sample: Sample, facts: RowFacts) -> dict[MediaKind, list[Any]]:
    return {
        kind: [_as_fed(reference, facts) for reference in references]
        for kind, references in sample.media.items()
        if references
    }


def _as_fed(reference: MediaReference, facts: RowFacts) -> Any:
    """What the trainer has of a medium: the path that it opens, or those of a video's frames."""
    if reference.frames is not None:
        return list(reference.frames)
    if reference.target is None or reference.decoded or reference.form == "value":
        raise NotWrittenError(
            f"{_name(facts)} holds the {reference.kind} itself, or an object with its path, and not its path as text: "
            "such rows are not written. Store the file and name its path, or leave the dataset out."
        )
    return reference.target


def _name(facts: RowFacts) -> str:
    return f"row {facts.row} of {clip(facts.file, 200)} ({clip(facts.dataset)})"
