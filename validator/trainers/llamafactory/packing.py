"""Packed rows of `tokenized_path`. Sources: LLaMA-Factory 0.9.5 `supervised.py` (`PackedSupervisedDatasetProcessor`),
`processor_utils.py` (`greedy_knapsack`), `loader.py` (under `neat_packing` all integers are of 64 bits).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from validator.trainers.tokenized import lists_of, media_column, parts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from validator.conversation.sample import MediaKind

IGNORED = -100
_LONG = pa.list_(pa.int64())
_MEDIA: dict[str, MediaKind] = {"images": "image", "videos": "video", "audios": "audio"}
_NONE_OF_A_KIND = 2**32
"""Stands where a packed row has no medium of a kind, so that data sets can be joined."""
_BOUNDS = pa.struct(
    [
        ("sequence_boundaries", _LONG),
        ("image_subseq_ids", _LONG),
        ("video_subseq_ids", _LONG),
        ("audio_subseq_ids", _LONG),
        ("right_padding_length", pa.int64()),
    ]
)


@dataclass(frozen=True)
class KnapsackPacker:
    """Packs rows up to a length (`cutoff_len` as training files have it), `neat`ly or not; `pad` is the id of what
    fills the rest.
    """

    length: int
    pad: int
    neat: bool

    def schema(self, media: dict[MediaKind, pa.DataType]) -> pa.Schema:
        """The columns, in the trainer's order."""
        short = (pa.list_(pa.int32()), pa.list_(pa.int8())) if not self.neat else (_LONG, _LONG)
        columns: dict[str, pa.DataType] = {"input_ids": short[0]}
        if self.neat:
            columns["packing_params"] = _BOUNDS
        columns |= {"attention_mask": short[1], "position_ids": _LONG, "labels": _LONG}
        columns |= {name: pa.list_(media[kind]) if kind in media else pa.null() for name, kind in _MEDIA.items()}
        return pa.schema(columns)

    def pack(self, rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        """Rows that the trainer packs together, as they are kept when they are not packed."""
        ids, labels = parts_of(rows["input_ids"]), parts_of(rows["labels"])
        media = {name: rows[name].to_pylist() for name in _MEDIA}
        bins = together([len(part) for part in ids], self.length - 1)
        lengths = np.full(len(bins), self.length, np.int64)
        columns: dict[str, Any] = {
            "input_ids": self._filled([[ids[row] for row in some] for some in bins], self.pad),
            "labels": self._filled([[labels[row] for row in some] for some in bins], IGNORED),
            "position_ids": self._filled([[np.arange(len(ids[row])) for row in some] for some in bins], 0),
            "attention_mask": self._mask(bins, ids),
        }
        arrays: dict[str, pa.Array] = {}
        for name, values in columns.items():
            kind = schema.field(name).type
            arrays[name] = lists_of(values.astype(kind.value_type.to_pandas_dtype()), lengths, kind)
        for name, held in media.items():
            joined = [list(chain.from_iterable(held[row] or () for row in some)) or None for some in bins]
            arrays[name] = media_column(joined, schema.field(name).type)
        if self.neat:
            arrays["packing_params"] = pa.array([self._bounds(some, ids, media) for some in bins], _BOUNDS)
        return pa.RecordBatch.from_arrays([arrays[name] for name in schema.names], schema=schema)

    def _filled(self, bins: list[list[NDArray[Any]]], rest: int) -> NDArray[np.int64]:
        """The numbers of all packed rows one after the other, each filled up."""
        found = np.full((len(bins), self.length), rest, np.int64)
        for place, parts in enumerate(bins):
            joined = np.concatenate(parts)
            found[place, : len(joined)] = joined
        return found.reshape(-1)

    def _mask(self, bins: list[list[int]], ids: list[NDArray[Any]]) -> NDArray[np.int64]:
        if not self.neat:
            return np.ones(len(bins) * self.length, np.int64)
        return self._filled([[np.full(len(ids[row]), n) for n, row in enumerate(some, 1)] for some in bins], 0)

    def _bounds(self, rows: Sequence[int], ids: list[NDArray[Any]], media: dict[str, list[Any]]) -> dict[str, Any]:
        ends = np.cumsum([0, *(len(ids[row]) for row in rows)]).tolist()
        owners = {
            f"{kind}_subseq_ids": [n for n, row in enumerate(rows) for _ in media[name][row] or ()] or [_NONE_OF_A_KIND]
            for name, kind in _MEDIA.items()
        }
        rest = self.length - ends[-1]
        return {"sequence_boundaries": [*ends, self.length], **owners, "right_padding_length": rest}


def together(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Which rows are packed together: always the longest that still fits, of those of one length the last."""
    waiting: dict[int, list[int]] = defaultdict(list)
    for row, length in enumerate(lengths):
        waiting[length].append(row)
    left = sorted(length for length in lengths if length <= capacity)
    bins: list[list[int]] = []
    while left:
        room, some = capacity, []
        while (place := bisect_right(left, room)) > 0:
            length = left.pop(place - 1)
            room -= length
            some.append(waiting[length].pop())
        bins.append(some)
    return bins
