#!/usr/bin/env bash
# datasets 4.0.0 with pandas 2.3.3: the loader of JSON reads an array with pandas, which makes timestamps of text columns
# by their name (date, modified, ..._at, ..._time ...) where every value reads as a date. The same rows on lines are read
# with pyarrow, which goes by the value: the two forms of one data set have different column types.
# Seen: "array: said string, told_at timestamp[ns]; lines: said timestamp[s], told_at string".
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
python3 -m venv "$home/venv"
"$home/venv/bin/pip" install -q --disable-pip-version-check datasets==4.0.0 pandas==2.3.3 pyarrow==21.0.0
cat >"$home/run.py" <<'PY'
import json
import pathlib
import tempfile

from datasets import disable_progress_bars, load_dataset

disable_progress_bars()
ROWS = [{"said": "2024-05-01T10:00:00", "told_at": "May 2024"}] * 2


def types(name, text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, name)
        path.write_text(text)
        loaded = load_dataset("json", data_files=[str(path)], split="train", cache_dir=folder)
    return ", ".join(f"{column} {feature.dtype}" for column, feature in sorted(loaded.features.items()))


array, lines = types("a.json", json.dumps(ROWS)), types("a.jsonl", "\n".join(map(json.dumps, ROWS)))
seen = f"array: {array}; lines: {lines}"
print(seen)
assert seen == "array: said string, told_at timestamp[ns]; lines: said timestamp[s], told_at string"
PY
"$home/venv/bin/python" "$home/run.py"
