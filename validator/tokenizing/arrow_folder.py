"""Folders as `datasets` saves them. Source: `datasets` 4.0.0 `arrow_dataset.py` (`save_to_disk`), `dataset_dict.py`,
`features.py`; releases from 2.16 on read them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import types as t


def shard_name(number: int, of: int) -> str:
    """The file of a shard."""
    return f"data-{number:05d}-of-{of:05d}.arrow"


def write_records(folder: Path, split: str, schema: pa.Schema, files: Sequence[str], fingerprint: str) -> None:
    """Write what `datasets` wants to know of the files of one split. Raises OSError."""
    features = {field.name: feature_of(field.type) for field in schema}
    info = {"citation": "", "description": "", "features": features, "homepage": "", "license": ""}
    state: dict[str, Any] = {
        "_data_files": [{"filename": name} for name in files],
        "_fingerprint": fingerprint,
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": split,
    }
    for name, record in (("dataset_info.json", info), ("state.json", state)):
        (folder / name).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def write_splits(folder: Path, splits: Sequence[str]) -> None:
    """Write the record of a folder that holds one folder a split. Raises OSError."""
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": list(splits)}), encoding="utf-8")


def feature_of(kind: pa.DataType) -> dict[str, Any]:
    """A type as `datasets` describes it. Lists are sequences, the word that all releases know; of what releases before
    lists do not know or take for something else they are lists.
    """
    if isinstance(kind, pa.JsonType):
        return {"_type": "Json"}
    if t.is_list(kind):
        later = isinstance(kind.value_type, pa.StructType | pa.JsonType)
        return {"feature": feature_of(kind.value_type), "_type": "List" if later else "Sequence"}
    if t.is_struct(kind):
        return {field.name: feature_of(field.type) for field in kind}
    return {"dtype": str(kind), "_type": "Value"}


def read_batches(path: Path) -> list[pa.RecordBatch]:
    """The batches of a shard, mapped into memory: what is not looked at is not read."""
    with pa.memory_map(str(path)) as mapped:
        return list(pa.ipc.open_stream(mapped))


def schema_of(path: Path) -> pa.Schema:
    """The columns of a shard."""
    with pa.memory_map(str(path)) as mapped:
        return pa.ipc.open_stream(mapped).schema
