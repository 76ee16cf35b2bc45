"""Benchmark data of tables that hold the bytes of images, and the bare loop over such a table.

`python -m scripts.benchmarks.image_tables FILE` is the loop: pyarrow reads the table in batches, each image is checked
as `mmvalidate` does. Nothing is converted, counted, judged or written.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from scripts.benchmarks.data import BENCH, ENTRY
from validator.media.probe import probe_bytes

KINDS = ("parquet", "stream", "file")
"""Parquet, and Arrow as a stream and as a file."""
DRAWN = 24
"""Distinct images, of some 300 kB."""
BATCH, PAGE_ROWS = 64, 8
_SCHEMA = pa.schema(
    [
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("images", pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))),
    ]
)


def make_table(kind: str, rows: int, group: int) -> Path:
    """The registry over one table of `rows` rows with an image each, in row groups (of Arrow: batches) of `group`."""
    folder = BENCH / "data" / f"table-{kind}-{rows}-{group}"
    registry = folder / "dataset_info.json"
    if registry.exists():
        return registry
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = table_file(registry, kind)
    groups = _groups(rows, group)
    if kind == "parquet":
        # every image is one of its own, and pages are of some MB, as other writers make them
        with pq.ParquetWriter(path, _SCHEMA, use_dictionary=False, write_batch_size=PAGE_ROWS) as writer:
            for table in groups:
                writer.write_table(table, row_group_size=group)
    else:
        new = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
        with path.open("wb") as file, new(file, _SCHEMA) as writer:
            for table in groups:
                writer.write_table(table, max_chunksize=group)
    registry.write_text(json.dumps({"bench": {**ENTRY, "file_name": path.name}}))
    return registry


def table_file(registry: Path, kind: str) -> Path:
    """Where the table of a registry lies."""
    return registry.parent / ("rows.parquet" if kind == "parquet" else "rows.arrow")


def _groups(rows: int, group: int) -> Iterator[pa.Table]:
    dice = random.Random("images in tables")
    drawn = [_jpeg(number) for number in range(DRAWN)]
    for start in range(0, rows, group):
        some = range(start, min(start + group, rows))
        yield pa.Table.from_pylist([_row(number, drawn[dice.randrange(DRAWN)]) for number in some], _SCHEMA)


def _row(number: int, image: bytes) -> dict[str, object]:
    said = (("user", f"<image>What is picture {number}?"), ("assistant", f"It is number {number}."))
    messages = [{"role": role, "content": content} for role, content in said]
    return {"messages": messages, "images": [{"bytes": image, "path": f"{number}.jpg"}]}


def _jpeg(number: int) -> bytes:
    out = BytesIO()
    Image.effect_noise((720 + 8 * number, 560), 80).convert("RGB").save(out, "JPEG", quality=92)
    return out.getvalue()


def batches(path: Path) -> Iterator[pa.RecordBatch]:
    """A table in batches, as a loop would read it."""
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as opened:
            yield from opened.iter_batches(batch_size=BATCH)
        return
    with path.open("rb") as file:
        try:
            yield from pa.ipc.open_stream(file)
        except pa.ArrowInvalid:
            reader = pa.ipc.open_file(file)
            yield from (reader.get_batch(number) for number in range(reader.num_record_batches))


def walk(path: Path) -> int:
    """Images of a table that are all in order."""
    found = 0
    for batch in batches(path):
        for images in batch["images"].to_pylist():
            for image in images:
                if probe_bytes(image["bytes"], "fast").fault is not None:
                    raise ValueError(f"{image['path']} is in doubt")
                found += 1
    return found


if __name__ == "__main__":
    print(walk(Path(sys.argv[1])))
