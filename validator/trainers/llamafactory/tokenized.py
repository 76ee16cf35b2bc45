"""The folder of `tokenized_path`. Sources: LLaMA-Factory 0.9.5 `supervised.py` (the columns), `loader.py` (what is
saved); `datasets` 4.0.0 `arrow_writer.py` (the types of ids and masks; a column that no row fills is of type null).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from validator.trainers.llamafactory.packing import KnapsackPacker
from validator.trainers.tokenized import EncodedRows, lists_of

if TYPE_CHECKING:
    from validator.conversation.sample import MediaKind

IGNORED = -100
_SCRIPT = Path(__file__).with_name("preprocess.py")
_IDS, _MASK, _LABELS = (pa.list_(kind) for kind in (pa.int32(), pa.int8(), pa.int64()))
_MEDIA: dict[str, MediaKind] = {"images": "image", "videos": "video", "audios": "audio"}


@dataclass(frozen=True)
class TokenizedPath:
    """The columns of rows that are not packed."""

    key: str = "tokenized_path"
    within: str = ""
    keeps: Literal["ids"] = "ids"
    script: Path = _SCRIPT

    def schema(self, media: dict[MediaKind, pa.DataType]) -> pa.Schema:
        """Ids, mask, labels, and a column for each kind of media."""
        columns = {name: pa.list_(media[kind]) if kind in media else pa.null() for name, kind in _MEDIA.items()}
        return pa.schema({"input_ids": _IDS, "attention_mask": _MASK, "labels": _LABELS, **columns})

    def packer(self, length: int, pad: int, *, neat: bool) -> KnapsackPacker:
        """`packing` and `neat_packing`."""
        return KnapsackPacker(length, pad, neat)

    def media_types(self, schema: pa.Schema) -> dict[MediaKind, pa.DataType]:
        """Those of the columns that are not of type null."""
        types = {kind: schema.field(name).type for name, kind in _MEDIA.items()}
        return {kind: column.value_type for kind, column in types.items() if column != pa.null()}

    def batch(self, rows: EncodedRows, schema: pa.Schema) -> pa.RecordBatch:
        """Rows under a schema."""
        labels = np.where(rows.learned, rows.ids, np.int64(IGNORED))
        columns = [
            lists_of(rows.ids, rows.lengths, _IDS),
            lists_of(np.ones(len(rows.ids), np.int8), rows.lengths, _MASK),
            lists_of(labels, rows.lengths, _LABELS),
        ]
        nothing = pa.nulls(len(rows.lengths))
        columns += [rows.media.get(kind, nothing) for kind in _MEDIA.values()]
        return pa.RecordBatch.from_arrays(columns, schema=schema)
