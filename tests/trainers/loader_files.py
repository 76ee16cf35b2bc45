"""Small files whose reading depends on the release of `datasets`."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle.file_entries import dated
from tests.unit.loader_cases import ARRAYS, LINES

TYPES = {
    "string_view": pa.string_view(),
    "binary_view": pa.binary_view(),
    "fixed_size_binary": pa.binary(4),
    "json": pa.json_(),
    "uuid": pa.uuid(),
    "bool8": pa.bool8(),
    "decimal": pa.decimal128(10, 2),
    "decimal32": pa.decimal32(5, 2),
    "dictionary": pa.dictionary(pa.int8(), pa.string()),
    "duration": pa.duration("s"),
    "half": pa.float16(),
    "large_string": pa.large_string(),
    "list_view": pa.list_view(pa.string()),
    "map": pa.map_(pa.string(), pa.string()),
    "fixed_size_list": pa.list_(pa.int64(), 2),
    "date": pa.date32(),
}
"""Types of a column of Parquet files."""
MIXED = {
    "number and text": [{"a": 1, "m": [{"c": "42"}]}, {"a": "x", "m": [{"c": "y"}]}],
    "text and parts": [{"m": [{"c": "42"}]}, {"m": [{"c": ["x"]}]}],
    "text and a list": [{"i": "a.png"}, {"i": ["b.png"]}],
}


def write_files(folder: Path) -> list[str]:
    """Write all files; returns their names."""
    for name, kind in TYPES.items():
        storage = pa.nulls(1, kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind)
        column = pa.ExtensionArray.from_storage(kind, storage) if isinstance(kind, pa.BaseExtensionType) else storage
        pq.write_table(pa.table({"a": pa.array(["x"]), "t": column}), folder / f"{name}.parquet")
    for name, (text, _) in (ARRAYS | LINES).items():
        suffix = "json" if name in ARRAYS else "jsonl"
        (folder / f"{name}.{suffix}").write_bytes(text.encode("utf-8", "surrogatepass"))
    for name, rows in MIXED.items():
        (folder / f"{name}.json").write_text(json.dumps(rows))
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for name, (files, _) in dated().items():
        if "a.json" in files:
            (folder / f"{name}.json").write_bytes(files["a.json"])
    return sorted(path.name for path in folder.iterdir())
