#!/usr/bin/env bash
# datasets 4.0.0: Dataset.to_iterable_dataset(num_shards=0) raises nothing and gives a data set without a row. LLaMA-Factory
# 0.9.5 passes dataloader_num_workers, whose default is 0, as the number of shards of a local file that it streams, so
# `streaming: true` alone ends in a StopIteration without words at the first row.
# Seen: "0 shards: 0 rows, 1 shard: 3 rows".
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
python3 -m venv "$home/venv"
"$home/venv/bin/pip" install -q --disable-pip-version-check datasets==4.0.0
cat >"$home/run.py" <<'PY'
from datasets import Dataset

data = Dataset.from_dict({"text": ["a", "b", "c"]})
rows = [len(list(data.to_iterable_dataset(num_shards=shards))) for shards in (0, 1)]
seen = f"0 shards: {rows[0]} rows, 1 shard: {rows[1]} rows"
print(seen)
assert seen == "0 shards: 0 rows, 1 shard: 3 rows"
PY
"$home/venv/bin/python" "$home/run.py"
