"""Runs inside the environment with qwen-vl-utils: its images, and what the replay makes of them there.

PYTHON -m tests.trainers.judge_fetch VOCABULARY INPUT_JSON
"""

import hashlib
import json
import sys
from pathlib import Path

import tests.oracle.environment  # noqa: F401  # stands in for torchvision, before the package imports it

# isort: split
from qwen_vl_utils import fetch_image


def hashed(make):
    try:
        image = make()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return [image.mode, *image.size, hashlib.sha256(image.tobytes()).hexdigest()]


def main(_, input_file):
    given = json.loads(Path(input_file).read_text(encoding="utf-8"))
    sys.path += given["ours"]  # where our own dependencies lie
    from validator.media.geometry import ImageLimits
    from validator.replaying.job import Medium
    from validator.replaying.loading import load
    from validator.trainers.registry import trainer_named

    limits = {"max_pixels": given["most"], "min_pixels": given["least"]}
    ours, qwen = ImageLimits(**limits), trainer_named("qwen-vl-utils")

    def both(path):
        package = hashed(lambda: fetch_image({"image": path, **limits}))
        return [package, hashed(lambda: load(Medium(path), ours, qwen))]

    answers = {path: both(path) for path in given["pictures"]}
    print("ANSWERS " + json.dumps({"pictures": answers, "words": qwen.resizer()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
