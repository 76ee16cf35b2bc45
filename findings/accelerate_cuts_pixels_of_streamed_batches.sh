#!/usr/bin/env bash
# accelerate 1.11.0, torch 2.13.0: a batch of a streamed data set (IterableDataset) is cut to the number of its rows in
# every tensor. Qwen-VL's pixel_values have one line a patch, not a row: 16 lines of 2 rows become 2, and the model stops
# with a size mismatch. A map-style data set is left whole. `dispatch_batches=False` leaves the stream whole, too.
# Seen: "stream 2, stream without dispatch 16, map 16".
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
python3 -m venv "$home/venv"
"$home/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 accelerate==1.11.0 numpy
cat >"$home/run.py" <<'PY'
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from accelerate.utils import DataLoaderConfiguration
from torch.utils.data import DataLoader, Dataset, IterableDataset

ROWS = [{"input_ids": torch.ones(4, dtype=torch.long), "pixel_values": torch.ones(8, 3)} for _ in range(2)]


class Stream(IterableDataset):
    def __iter__(self):
        return iter(ROWS)


class Map(Dataset):
    def __len__(self):
        return len(ROWS)

    def __getitem__(self, index):
        return ROWS[index]


def collate(rows):  # as Qwen-VL's collators: ids are stacked, patches of all images joined
    return {
        "input_ids": torch.stack([row["input_ids"] for row in rows]),
        "pixel_values": torch.cat([row["pixel_values"] for row in rows]),
    }


def patches(data, **settings):
    for state in (AcceleratorState, PartialState, GradientState):
        state._reset_state()
    accelerator = Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(**settings))
    (batch,) = accelerator.prepare(DataLoader(data, batch_size=2, collate_fn=collate))
    return len(batch["pixel_values"])


seen = f"stream {patches(Stream())}, stream without dispatch {patches(Stream(), dispatch_batches=False)}, map {patches(Map())}"
print(seen)
assert seen == "stream 2, stream without dispatch 16, map 16"
PY
"$home/venv/bin/python" "$home/run.py"
