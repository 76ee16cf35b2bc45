#!/usr/bin/env bash
# unsloth_zoo 2026.10.9, transformers 5.17.0: frames that are sampled of a video reach Qwen3-VL's processor with their number
# and rate, and not with their places, so that the times of the prompt are too small: those of a clip of two seconds end at
# 1.25 seconds, where the middle of the last two frames that are taken is at 1.64. decord 0.6.0 reads it.
# Seen: "told [0.25, 1.25], shown [0.32, 1.64]".
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
python3 -m venv "$home/venv"
"$home/venv/bin/pip" install -q --disable-pip-version-check unsloth_zoo==2026.10.9 transformers==5.17.0 decord==0.6.0 av torchvision
cat >"$home/run.py" <<'PY'
import sys
import types
from importlib.util import find_spec

import av
import numpy
from transformers import Qwen3VLProcessor

film = f"{sys.argv[1]}/film.mp4"
with av.open(film, "w") as container:
    stream = container.add_stream("mpeg4", rate=25)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
    for _ in range(50):
        container.mux(stream.encode(av.VideoFrame.from_ndarray(numpy.zeros((64, 64, 3), numpy.uint8))))
    container.mux(stream.encode())

package = types.ModuleType("unsloth_zoo")  # its own __init__ stops without a GPU
package.__path__ = [*find_spec("unsloth_zoo").submodule_search_locations]
sys.modules["unsloth_zoo"] = package
from unsloth_zoo import vision_utils

fed, rate = vision_utils.fetch_video({"video": film}, return_video_sample_fps=True)
_, handed = vision_utils.video_processor_kwargs(None, [[fed]], [rate])
(known,) = handed["video_metadata"]
told = Qwen3VLProcessor._calculate_timestamps(None, known["frames_indices"], known["fps"], 2)
taken = [round(place * 49 / (len(fed) - 1)) / 25 for place in range(len(fed))]
shown = [(first + second) / 2 for first, second in zip(taken[::2], taken[1::2])]
seen = f"told {[round(time, 2) for time in told]}, shown {[round(time, 2) for time in shown]}"
print(seen)
assert seen == "told [0.25, 1.25], shown [0.32, 1.64]"
PY
"$home/venv/bin/python" "$home/run.py" "$home"
