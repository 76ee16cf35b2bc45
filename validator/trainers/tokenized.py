"""What a trainer keeps of rows that it has preprocessed: the folder that it loads in the place of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

if TYPE_CHECKING:
    from validator.conversation.sample import MediaKind


@dataclass(slots=True)
class EncodedRows:
    """Some rows as they are fed: of all rows one after the other the `ids`, and which of them are learned; of each row
    the number of its ids, and by kind its media, None where it has none.
    """

    ids: NDArray[np.int32]
    learned: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    media: dict[MediaKind, list[list[Any] | None]] = field(default_factory=dict)


class TokenizedFormat(Protocol):
    """How a trainer keeps preprocessed rows."""

    @property
    def key(self) -> str:
        """The key of its training file that names the folder."""
        ...

    def schema(self, media: dict[MediaKind, pa.DataType]) -> pa.Schema:
        """The columns; `media`: the types of the elements of media, of the kinds that any row has."""
        ...

    def media_types(self, schema: pa.Schema) -> dict[MediaKind, pa.DataType]:
        """The types of the elements of media in such columns, of the kinds that have one."""
        ...

    def batch(self, rows: EncodedRows, schema: pa.Schema) -> pa.RecordBatch:
        """Rows under a schema. Raises ValueError where media are not of its types."""
        ...


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
