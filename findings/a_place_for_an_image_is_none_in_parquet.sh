#!/usr/bin/env bash
# axolotl 0.19.0, datasets 4.8.4, transformers 5.16.1: of a column of images its collator puts the first into a part
# {"type": "image"} that has no key image, url, path or base64. Parquet gives every part the keys of all, with nulls, so
# that where another part of the file names an image, no part is such a place: the picture goes behind the question, and
# the place stays empty. From JSON lines the same rows are as they are written.
# Seen: "jsonl: picture text; parquet: empty text picture".
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
python3 -m venv "$home/venv"
"$home/venv/bin/pip" install -q --disable-pip-version-check --no-deps axolotl==0.19.0 datasets==4.8.4 transformers==5.16.1 accelerate==1.13.0
"$home/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 datasets==4.8.4 transformers==5.16.1 pillow addict colorama psutil scipy
cat >"$home/run.py" <<'PY'
import json
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
from axolotl.processing_strategies import ProcessingStrategy
from datasets import load_dataset
from PIL import Image

Image.new("RGB", (56, 56)).save("a.png")
asked = [{"type": "image"}, {"type": "text", "text": "What is it?"}]
other = [{"type": "image", "path": "a.png"}, {"type": "text", "text": "And this?"}]
rows = [
    {"messages": [{"role": "user", "content": asked}], "images": ["a.png"]},
    {"messages": [{"role": "user", "content": other}], "images": None},
]
with open("rows.jsonl", "w") as lines:
    lines.writelines(json.dumps(row) + "\n" for row in rows)
pq.write_table(pa.Table.from_pylist(rows), "rows.parquet")
strategy = ProcessingStrategy(SimpleNamespace(tokenizer=None))


def parts(kind, file):
    row = load_dataset(kind, data_files=file, split="train")[0]
    (message,) = strategy([row])[0]["messages"]
    return " ".join("picture" if "image" in part else {"image": "empty"}.get(part["type"], part["type"]) for part in message["content"])


seen = f"jsonl: {parts('json', 'rows.jsonl')}; parquet: {parts('parquet', 'rows.parquet')}"
print(seen)
assert seen == "jsonl: picture text; parquet: empty text picture"
PY
cd "$home" && "$home/venv/bin/python" run.py
