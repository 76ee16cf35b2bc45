#!/usr/bin/env bash
# transformers 5.3.0, torch 2.13.0: the patches of a clip get positions of others. Qwen2-VL's get_rope_index gives all frames
# one temporal position, and repeats the rows of patches over frames before columns, while the patches stand frame by
# frame. 5.2.0 and 5.6.0 do not; 5.4.0 and 5.5.0 do. Images, which are one frame, are right.
# Seen: "time 222222222222, row 222222333333, column 232323232323".
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
python3 -m venv "$home/venv"
"$home/venv/bin/pip" install -q --disable-pip-version-check transformers==5.3.0 torch==2.13.0 numpy
cat >"$home/run.py" <<'PY'
from types import SimpleNamespace

import torch
from transformers.models.qwen2_vl.modeling_qwen2_vl import Qwen2VLModel

VIDEO = 9
vision = SimpleNamespace(spatial_merge_size=2)
model = SimpleNamespace(config=SimpleNamespace(vision_config=vision, image_token_id=8, video_token_id=VIDEO))
if hasattr(Qwen2VLModel, "get_vision_position_ids"):
    model.get_vision_position_ids = Qwen2VLModel.get_vision_position_ids.__get__(model)
ids = [1, 7] + [VIDEO] * 12 + [10, 2]  # a clip of 3 x 4 x 4 patches, of which 2 x 2 are one token
positions, _ = Qwen2VLModel.get_rope_index(
    model,
    input_ids=torch.tensor([ids]),
    mm_token_type_ids=torch.tensor([[2 * (token == VIDEO) for token in ids]]),
    video_grid_thw=torch.tensor([[3, 4, 4]]),
    attention_mask=torch.ones(1, len(ids), dtype=torch.long),
)
names = ("time", "row", "column")
seen = ", ".join(f"{name} {''.join(map(str, axis[0, 2:14].tolist()))}" for name, axis in zip(names, positions))
print(seen)
assert seen == "time 222222222222, row 222222333333, column 232323232323"
PY
"$home/venv/bin/python" "$home/run.py"
