#!/usr/bin/env bash
# qwen-vl-utils 0.0.14, torch 2.13.0, torchvision 0.28.0: the most pixels of a video's frame are raised to 1.05 times the
# least. ms-swift 4.6.0 reads VIDEO_MAX_PIXELS=50176, as its examples set it, as VIDEO_MAX_TOKEN_NUM = 64 of this package, and
# leaves VIDEO_MIN_TOKEN_NUM at 128: frames of 640 x 360 have 120 tokens, not at most 64. With both set the limit holds.
# Seen: "asked for 64 tokens a frame: 120, with the least at 4: 60".
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
python3 -m venv "$home/venv"
"$home/venv/bin/pip" install -q --disable-pip-version-check qwen-vl-utils==0.0.14 torch==2.13.0 torchvision==0.28.0 av numpy decord==0.6.0
cat >"$home/run.py" <<'PY'
import av
import numpy as np
import torch

operators = torch.library.Library("torchvision", "FRAGMENT")  # for where torch is built without CUDA, torchvision with
try:
    import torchvision
except RuntimeError:
    for name in ("nms", "qnms"):
        operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from qwen_vl_utils import vision_process

with av.open("film.mp4", "w") as container:
    stream = container.add_stream("mpeg4", rate=25)
    stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
    for _ in range(50):
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((360, 640, 3), np.uint8), format="rgb24")))
    container.mux(stream.encode())


def tokens(most, least):  # what ms-swift does with VIDEO_MAX_PIXELS and VIDEO_MIN_PIXELS
    vision_process.VIDEO_MAX_TOKEN_NUM, vision_process.VIDEO_MIN_TOKEN_NUM = most, least
    _, _, height, width = vision_process.fetch_video({"video": "film.mp4"}).shape
    return height * width // 28**2


least = vision_process.VIDEO_MIN_TOKEN_NUM
seen = f"asked for 64 tokens a frame: {tokens(64, least)}, with the least at 4: {tokens(64, 4)}"
print(seen)
assert seen == "asked for 64 tokens a frame: 120, with the least at 4: 60"
PY
cd "$home" && "$home/venv/bin/python" run.py
