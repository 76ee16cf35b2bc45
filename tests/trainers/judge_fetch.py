"""Runs inside the environment with qwen-vl-utils: its images, and what the replay makes of them there.

PYTHON judge_fetch.py ORACLE_FOLDER VOCABULARY INPUT_JSON
"""

import hashlib
import json
import pathlib
import sys

oracle_folder, _, input_file = sys.argv[1:4]
given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))
sys.path.insert(0, oracle_folder)
sys.path += given["ours"]
import lf_oracle  # noqa: E402, F401  # declares what torchvision lacks
from qwen_vl_utils import fetch_image  # noqa: E402

from validator.media.geometry import ImageLimits  # noqa: E402
from validator.replay.job import Medium  # noqa: E402
from validator.replay.loading import load, who_resizes  # noqa: E402


def hashed(make):
    try:
        image = make()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return [image.mode, *image.size, hashlib.sha256(image.tobytes()).hexdigest()]


limits = {"max_pixels": given["most"], "min_pixels": given["least"]}
ours = ImageLimits(**limits, resizing="twice")
answers = {
    path: [hashed(lambda: fetch_image({"image": path, **limits})), hashed(lambda: load(Medium(path), ours))]  # noqa: B023
    for path in given["pictures"]
}
print("ANSWERS " + json.dumps({"pictures": answers, "words": who_resizes("twice")}))
