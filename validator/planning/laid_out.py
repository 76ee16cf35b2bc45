"""Stored facts of many rows as flat arrays: what `facts.budget` lays out row by row, for all rows at once.

Only the columns that counts depend on are read. A flat array has one element per turn, text, slot, pad or medium of all
rows, and another array says which row or turn each belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from validator.facts.table import SAMPLES
from validator.media.video import LATER
from validator.run_folder.table import RunTable
from validator.trainers.layout import OPEN, UNLEARNED

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
ROWS = 1 << 17
"""Rows that are held at a time."""
IMAGE, VIDEO, AUDIO = 0, 1, 2
_KINDS = pa.array(["image", "video", "audio"])
_COLUMNS = (
    "outcome",
    "trainer_error",
    "refused",
    "problems.list.element.stage",
    *(f"turns.list.element.{name}" for name in ("role", "text_tokens", "loose_pads", "loose_video_pads", "traits")),
    *(f"turns.list.element.slots.list.element.{name}" for name in ("kind", "index")),
    *(f"media.list.element.{name}" for name in ("kind", "width", "height", "frames", "fault")),
)


@dataclass(frozen=True, slots=True)
class Laid:
    """The facts of some rows. `gone`: the trainer drops the row, or nothing is known of it; `broken`: it stops the
    trainer whatever the limits are; `refused`: already its loader.

    Of each turn: its row, whether it is the system prompt or an answer, one that is not learned or has no end, its
    place in the row, the sum of its texts. Of each text: its turn and its tokens. Of each slot: its turn, the text
    tokens before it, and its medium. Of each loose pad: its turn, its place among the text tokens of the turn and among
    those of all rows, how many slots are before it, and whether it is an image's. Of each medium: its row, whether it
    stops the trainer, and its place in `sizes`, where each (kind, width, height, frames) stands once.
    """

    rows: int
    dropped: int
    unchecked: int
    gone: Flags
    broken: Flags
    refused: Flags
    turn_row: Ints
    turn_is_system: Flags
    turn_is_answer: Flags
    turn_unlearned: Flags
    turn_open: Flags
    turn_place: Ints
    turn_text: Ints
    turn_first_slot: Ints
    text_turn: Ints
    text_tokens: Ints
    slot_turn: Ints
    slot_before: Ints
    slot_medium: Ints
    pad_turn: Ints
    pad_place: Ints
    pad_among_all: Ints
    pad_slots: Ints
    pad_is_image: Flags
    medium_row: Ints
    medium_broken: Flags
    medium_size: Ints
    sizes: list[tuple[int, ...]]


def read(samples: Path) -> Iterator[Laid]:
    """The facts of a samples.parquet, ROWS rows at a time. Raises UnusableRunError where it is none."""
    with RunTable(samples, SAMPLES) as table:
        for batch in table.batches(_COLUMNS, ROWS):
            yield lay(batch)


def lay(batch: pa.RecordBatch) -> Laid:
    """Flat arrays of some records of samples.parquet."""
    outcome = batch.column("outcome")
    dropped, unchecked = (_flags(pc.equal(outcome, word)) for word in ("dropped", "unchecked"))
    dropped &= ~_flags(pc.is_valid(batch.column("trainer_error")))  # that is for the limits to decide
    problems, problem_row = _unnest(batch.column("problems"))
    stops = _flags(pc.is_in(pc.struct_field(problems, "stage"), pa.array(["convert", "encode"])))
    refused = _flags(batch.column("refused"))
    broken = refused | (np.bincount(problem_row[stops], minlength=batch.num_rows) > 0)

    turns, turn_row = _unnest(batch.column("turns"))
    texts, text_turn = _unnest(pc.struct_field(turns, "text_tokens"))
    text = _ints(texts)
    after_text = np.cumsum(text)
    first_text = _firsts(text_turn, len(turns))
    before_turn = np.concatenate(([0], after_text))[first_text]
    slots, slot_turn = _unnest(pc.struct_field(turns, "slots"))
    first_slot = _firsts(slot_turn, len(turns))
    ordinal = np.arange(len(slots)) - first_slot[slot_turn]
    media, medium_row = _unnest(batch.column("media"))
    kind = _ints(pc.index_in(pc.struct_field(media, "kind"), _KINDS))
    pads = [_unnest(pc.struct_field(turns, name)) for name in ("loose_pads", "loose_video_pads")]
    pad_turn = np.concatenate([turn for _, turn in pads])
    pad_place = np.concatenate([_ints(values) for values, _ in pads])
    pad_among_all = before_turn[pad_turn] + pad_place
    pad_text = np.searchsorted(after_text, pad_among_all, side="right")
    words, word_turn = _unnest(pc.struct_field(turns, "traits"))
    unlearned, unended = (
        np.bincount(word_turn[_flags(pc.equal(words, word))], minlength=len(turns)) > 0 for word in (UNLEARNED, OPEN)
    )
    return Laid(
        batch.num_rows,
        int(dropped.sum()),
        int(unchecked.sum()),
        dropped | unchecked,
        broken,
        refused,
        turn_row,
        _flags(pc.equal(pc.struct_field(turns, "role"), "system")) & _is_first(turn_row),
        _flags(pc.is_in(pc.struct_field(turns, "role"), pa.array(["assistant", "function"]))),
        unlearned,
        unended,
        np.arange(len(turns)) - _firsts(turn_row, batch.num_rows)[turn_row],
        np.bincount(text_turn, text, len(turns)).astype(np.int64),
        first_slot,
        text_turn,
        text,
        slot_turn,
        after_text[first_text[slot_turn] + ordinal] - before_turn[slot_turn],
        _media_of_slots(slots, turn_row[slot_turn], medium_row, kind),
        pad_turn,
        pad_place,
        pad_among_all,
        pad_text - first_text[pad_turn],
        np.arange(len(pad_turn)) < len(pads[0][1]),
        medium_row,
        *_sizes(media, kind),
    )


def _sizes(media: pa.Array, kind: Ints) -> tuple[Flags, Ints, list[tuple[int, ...]]]:
    """Which media stop the trainer; the size of each, as a place among the distinct sizes; and those."""
    fault = pc.struct_field(media, "fault")
    faulty = _flags(pc.is_valid(fault)) & ~_flags(pc.is_in(fault, pa.array(sorted(LATER))))
    stops, silent = faulty & (kind != AUDIO), faulty | (kind == AUDIO)
    width, height, frames = (
        np.where(silent, 0, _ints(pc.struct_field(media, name))) for name in ("width", "height", "frames")
    )
    frames = np.where(kind == VIDEO, frames, 0)  # an animated image is fed as its first frame
    kind = np.where(silent, AUDIO, kind)
    place = np.zeros(len(kind), np.int64)
    for part in (kind, width, height, frames):
        values, part_place = np.unique(part, return_inverse=True)
        place = np.unique(place * len(values) + part_place, return_inverse=True)[1]
    _, first = np.unique(place, return_index=True)
    sizes = np.stack((kind, width, height, frames), axis=1)[first]
    return stops, place, list(map(tuple, sizes.tolist()))


def _media_of_slots(slots: pa.Array, slot_row: Ints, medium_row: Ints, medium_kind: Ints) -> Ints:
    """The medium of each slot: the n-th of its kind in its row. -1 where there is none, in rows that are broken."""
    key = medium_row * len(_KINDS) + medium_kind
    order = np.argsort(key, kind="stable")
    wanted = slot_row * len(_KINDS) + _ints(pc.index_in(pc.struct_field(slots, "kind"), _KINDS))
    place = np.searchsorted(key[order], wanted) + _ints(pc.struct_field(slots, "index"))
    if not len(key):
        return np.full(len(place), -1)
    medium = order[np.minimum(place, len(key) - 1)]
    return np.where((place < len(key)) & (key[medium] == wanted), medium, -1)


def _unnest(lists: Any) -> tuple[pa.Array, Ints]:
    """The elements of all lists, null lists being empty, and which list each is from."""
    lengths = _ints(pc.list_value_length(lists))
    return lists.flatten(), np.repeat(np.arange(len(lists)), lengths)


def _firsts(owners: Ints, number: int) -> Ints:
    """Where the elements of each owner begin, in an array that is ordered by owners."""
    return np.searchsorted(owners, np.arange(number)).astype(np.int64)


def _is_first(owners: Ints) -> Flags:
    return np.concatenate(([True], owners[1:] != owners[:-1])) if len(owners) else np.zeros(0, bool)


def _ints(values: Any) -> Ints:
    """Numbers as an array, null as 0."""
    return pc.fill_null(pc.cast(values, pa.int64()), 0).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _flags(values: Any) -> Flags:
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
