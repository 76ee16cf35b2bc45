"""What a trainer keeps of rows that it has preprocessed: the folder that it loads in the place of the data.

One trainer keeps the ids and labels of its rows, another the rows as its loader leaves them, with their lengths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

if TYPE_CHECKING:
    from validator.catalog.entry import Entry
    from validator.conversation.sample import MediaKind


@dataclass(slots=True)
class EncodedRows:
    """Some rows as they are fed: of all rows one after the other the `ids`, and which of them are learned; of each row
    the number of its ids, and by kind a column of its media, null where it has none.
    """

    ids: NDArray[np.int32]
    learned: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    media: Mapping[MediaKind, pa.Array]


class _Format(Protocol):
    @property
    def key(self) -> str:
        """The setting of the trainer that names the folder."""
        ...

    @property
    def within(self) -> str:
        """The folder in the whole one that is named: a split; empty where it is the whole one."""
        ...

    def schema(self, media: dict[MediaKind, pa.DataType]) -> pa.Schema:
        """The columns; `media`: the types of the elements of media, of the kinds that any row has."""
        ...

    def media_types(self, schema: pa.Schema) -> dict[MediaKind, pa.DataType]:
        """The types of the elements of media in such columns, of the kinds that have one."""
        ...


class IdsFormat(_Format, Protocol):
    """Ids, labels and the paths of media are kept."""

    @property
    def keeps(self) -> Literal["ids"]:
        """Ids."""
        ...

    @property
    def script(self) -> Path:
        """A program for the environment of the trainer that has it preprocess rows: two files of JSON, what is asked
        and what it answers (`llamafactory/preprocess.py`).
        """
        ...

    def packer(self, length: int, pad: int, *, neat: bool) -> Packer:
        """How rows are packed up to a length, which is filled up with an id."""
        ...

    def batch(self, rows: EncodedRows, schema: pa.Schema) -> pa.RecordBatch:
        """Rows under a schema."""
        ...


class RowsFormat(_Format, Protocol):
    """Rows are kept as the loader leaves them; they are encoded when they are trained on."""

    @property
    def keeps(self) -> Literal["rows"]:
        """Rows."""
        ...

    def loaded(self, row: dict[str, Any], entry: Entry) -> dict[str, Any]:
        """A row that is fed, as the loader leaves it; `row` is seen through the trainer's view. Raises ValueError, in
        words that follow "row 3 of a.jsonl", where that is not reproduced.
        """
        ...

    def rows(self, rows: Sequence[dict[str, Any]], lengths: Sequence[int], schema: pa.Schema) -> pa.RecordBatch:
        """Such rows and their numbers of tokens under a schema."""
        ...


TokenizedFormat = IdsFormat | RowsFormat


class Packer(Protocol):
    """How a trainer packs rows that it has preprocessed."""

    def schema(self, media: dict[MediaKind, pa.DataType]) -> pa.Schema:
        """The columns, as `IdsFormat.schema`."""
        ...

    def pack(self, rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        """Some rows, in the columns of an IdsFormat, that are packed with none but each other."""
        ...


def parts_of(lists: pa.Array) -> list[NDArray[Any]]:
    """The lists of numbers of a column without nulls."""
    values = np.frombuffer(lists.values.buffers()[1], lists.type.value_type.to_pandas_dtype())
    ends = np.frombuffer(lists.offsets.buffers()[1], np.int32)[lists.offsets.offset :][: len(lists) + 1]
    base = lists.values.offset
    return [values[base + start : base + stop] for start, stop in pairwise(ends.tolist())]


def lists_of(values: Any, lengths: NDArray[np.int64], kind: pa.DataType) -> pa.Array:
    """A column of lists of numbers: `values` are those of all rows, `lengths` how many each has."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    items = pa.Array.from_buffers(kind.value_type, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])
    return pa.Array.from_buffers(kind, len(lengths), [None, pa.py_buffer(offsets)], children=[items])


def media_column(values: Sequence[list[Any] | None], kind: pa.DataType) -> pa.Array:
    """A column of media. Raises ValueError where they are not of its type."""
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, TypeError, OverflowError) as error:
        raise ValueError(f"media of several types cannot stand in one column ({error})") from None
