"""Stored facts of many rows in columns: what `trainers.layout` lays out row by row, for all rows at once.

Only the columns of samples.parquet that counts depend on are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from validator.engine.run_files.training import stop_later
from validator.facts.columns import are_among, numbers_of, plain_array
from validator.media.video import LATER, LISTED
from validator.run_folder.table import RunTable
from validator.trainers.layout import ANSWERS, HEADS, LEARNED, MASKED, OPEN, UNLEARNED, learned_of, masked_of
from validator.trainers.span_table import (
    IMAGE,
    TEXT,
    VIDEO,
    Flags,
    Ints,
    SpanTable,
    TurnTable,
    is_first,
    is_last,
    offsets_of,
    owners,
    sums,
)

ROWS = 1 << 17
"""Rows that are held at a time."""
AUDIO = 2
"""A kind of media, beside IMAGE and VIDEO."""
_KINDS = plain_array(["image", "video", "audio"], pa.string())
_COLUMNS = (
    "outcome",
    "trainer_error",
    "refused",
    "problems.list.element.stage",
    *(f"turns.list.element.{name}" for name in ("role", "text_tokens", "loose_pads", "loose_video_pads", "traits")),
    "turns.list.element.special_tokens",
    *(f"turns.list.element.slots.list.element.{name}" for name in ("kind", "index")),
    *(f"media.list.element.{name}" for name in ("kind", "width", "height", "frames", "format", "fault")),
)


@dataclass(frozen=True, slots=True)
class Laid:
    """The facts of `rows` rows. Whatever the limits are, `dropped` are dropped, `unchecked` are not known, and the
    trainer fails at `failed`, at the `refused` of these in its loader, and at the `unconverted` there or when it
    converts them. `spans` are those of the others, as
    `Trainer.span_table` gets them; `stop_later` says at which of them training stops after all; `medium_size` are their
    media, as places in `sizes`, where each (kind, width, height, frames, whether these are a list) stands once.
    """

    rows: int
    dropped: int
    unchecked: int
    failed: int
    refused: int
    unconverted: int
    spans: SpanTable
    stop_later: Flags
    medium_size: Ints
    sizes: list[tuple[int, ...]]


def read(samples: RunTable) -> Iterator[Laid]:
    """The facts of a samples.parquet, ROWS rows at a time. Raises UnusableRunError where it is damaged."""
    with samples as table:
        for batch in table.batches(_COLUMNS, ROWS):
            yield lay(batch)


def lay(batch: pa.RecordBatch) -> Laid:
    """The columns of some records of samples.parquet."""
    outcome = batch.column("outcome")
    dropped, unchecked = (are_among(outcome, [word]) for word in ("dropped", "unchecked"))
    dropped &= ~_flags(pc.is_valid(batch.column("trainer_error")))  # that is for the limits to decide
    refused = _flags(batch.column("refused"))
    problems, problem_offsets = _unnest(batch.column("problems"))
    stage = pc.struct_field(problems, "stage")
    stops, at_conversion = are_among(stage, ["convert", "encode"]), are_among(stage, ["convert"])
    media, media_offsets = _unnest(batch.column("media"))
    fault = pc.struct_field(media, "fault")
    faulty = _flags(pc.is_valid(fault)) & ~are_among(fault, LATER) & (_kinds(media) != AUDIO)
    gone = dropped | unchecked
    failed = ~gone & (refused | (sums(stops, problem_offsets) > 0) | (sums(faulty, media_offsets) > 0))
    unconverted = failed & (refused | (sums(at_conversion, problem_offsets) > 0))
    left = ~(gone | failed)
    some = batch if left.all() else batch.select(["turns", "media"]).filter(plain_array(left.tolist(), pa.bool_()))
    return Laid(
        batch.num_rows,
        int(dropped.sum()),
        int(unchecked.sum()),
        int(failed.sum()),
        int((failed & refused).sum()),
        int(unconverted.sum()),
        _lay_spans(some),
        stop_later(some),
        *_sizes(some.column("media").flatten()),
    )


def _lay_spans(batch: pa.RecordBatch) -> SpanTable:
    """A text falls into pieces at the pads that stand in it. Behind each piece but the last of a turn stand pads: those
    of a slot, or one that stands in the text.
    """
    turns, turn_offsets = _unnest(batch.column("turns"))
    texts, text_offsets = _unnest(pc.struct_field(turns, "text_tokens"))
    start = offsets_of(_ints(texts))
    loose = [_unnest(pc.struct_field(turns, name)) for name in ("loose_pads", "loose_video_pads")]
    pad = np.concatenate([_ints(places) + start[text_offsets[owners(offsets)]] for places, offsets in loose])
    pad_kind = np.repeat((IMAGE, VIDEO), [len(places) for places, _ in loose])[np.argsort(pad, kind="stable")]
    pad.sort()

    piece_offsets = offsets_of(np.diff(np.searchsorted(pad, start)) + 1)
    text = owners(piece_offsets)
    turn = owners(text_offsets)[text]
    first, last, begins, ends = is_first(text), is_last(text), is_first(turn), is_last(turn)
    place = offsets_of(2 - ends)
    kind, medium, num_tokens = (np.full(place[-1], filler) for filler in (TEXT, -1, 1))
    tokens = np.sort(np.concatenate((start[1:], pad))) - np.sort(np.concatenate((start[:-1], pad + 1)))
    markers = (first & ~begins).astype(np.int64) + (last & ~ends)
    num_tokens[place[:-1]] = tokens + markers
    kind[place[:-1][~last] + 1] = pad_kind
    slots, slot_offsets = _unnest(pc.struct_field(turns, "slots"))
    media, media_offsets = _unnest(batch.column("media"))
    at_slot = place[:-1][last & ~ends] + 1
    kind[at_slot] = _kinds(slots)
    medium[at_slot] = _media_of_slots(slots, owners(slot_offsets[turn_offsets]), media, owners(media_offsets))
    return SpanTable(
        _turn_table(turns, turn_offsets),
        place[piece_offsets[text_offsets]],
        media_offsets,
        kind,
        medium,
        num_tokens,
        np.zeros(len(kind), bool),
    )


def _turn_table(turns: pa.Array, offsets: Ints) -> TurnTable:
    row, number = owners(offsets), np.arange(len(turns))
    role = pc.struct_field(turns, "role")
    words, word_offsets = _unnest(pc.struct_field(turns, "traits"))

    def said(word: str) -> Ints:
        """How often each turn has a word among its traits."""
        return sums(are_among(words, [word]), word_offsets)

    return TurnTable(
        offsets,
        row,
        number - offsets[row],
        offsets[row + 1] - number - 1,
        are_among(role, ["system"]),
        are_among(role, ANSWERS),
        said(UNLEARNED) > 0,
        said(OPEN) > 0,
        np.sum([number * said(word) for number, word in enumerate(HEADS, 1)], axis=0),
        _learned(words, word_offsets),
        _masked(words, word_offsets),
    )


def _learned(words: pa.Array, offsets: Ints) -> tuple[Ints, Ints, Ints]:
    """What words of LEARNED say: the turn, the first token, the one behind the last."""
    turn, found = _beginning(LEARNED, words, offsets)
    start, stop = np.array(learned_of(found), np.int64).reshape(-1, 2).T
    return turn, start, stop


def _masked(words: pa.Array, offsets: Ints) -> tuple[Ints, Ints]:
    """What words of MASKED say: the turn, and the token."""
    turn, found = _beginning(MASKED, words, offsets)
    return turn, np.array(masked_of(found), np.int64)


def _beginning(beginning: str, words: pa.Array, offsets: Ints) -> tuple[Ints, list[str]]:
    """The words that begin so, and whose they are."""
    place = np.flatnonzero(_flags(pc.starts_with(words, beginning)))
    return owners(offsets)[place], words.take(plain_array(place.tolist(), pa.int64())).to_pylist()


def _sizes(media: pa.Array) -> tuple[Ints, list[tuple[int, ...]]]:
    """The size of each medium, as a place among the distinct sizes; and those."""
    kind = _kinds(media)
    width, height, frames = (
        np.where(kind == AUDIO, 0, _ints(pc.struct_field(media, name))) for name in ("width", "height", "frames")
    )
    frames = np.where(kind == VIDEO, frames, 0)  # an animated image is fed as its first frame
    listed = are_among(pc.struct_field(media, "format"), [LISTED]).astype(np.int64)
    place = np.zeros(len(kind), np.int64)
    for part in (kind, width, height, frames, listed):
        values, part_place = np.unique(part, return_inverse=True)
        place = np.unique(place * len(values) + part_place, return_inverse=True)[1]
    _, first = np.unique(place, return_index=True)
    sizes = np.stack((kind, width, height, frames, listed), axis=1)[first]
    return place, list(map(tuple, sizes.tolist()))


def _media_of_slots(slots: pa.Array, slot_row: Ints, media: pa.Array, medium_row: Ints) -> Ints:
    """The medium of each slot: the n-th of its kind in its row."""
    key = medium_row * len(_KINDS) + _kinds(media)
    order = np.argsort(key, kind="stable")
    first = np.searchsorted(key[order], slot_row * len(_KINDS) + _kinds(slots))
    medium: Ints = order[first + _ints(pc.struct_field(slots, "index"))]
    return medium


def _kinds(items: pa.Array) -> Ints:
    return _ints(pc.index_in(pc.struct_field(items, "kind"), _KINDS))


def _unnest(lists: Any) -> tuple[pa.Array, Ints]:
    """The elements of all lists, null lists being empty, and the offsets of the lists."""
    return lists.flatten(), offsets_of(_ints(pc.list_value_length(lists)))


def _ints(values: Any) -> Ints:
    """Numbers, none below 0, as an array, null as 0. `to_numpy` does the same, but imports pandas for it."""
    return np.maximum(numbers_of(pc.cast(values, pa.int64())), 0)  # type: ignore[no-any-return]


def _flags(values: Any) -> Flags:
    return numbers_of(pc.cast(values, pa.int8())) == 1  # type: ignore[no-any-return]
