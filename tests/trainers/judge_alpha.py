"""Runs inside the environment with TRL and qwen-vl-utils, and in that with ms-swift: whether what their images become
has one colour.

PYTHON -m tests.trainers.judge_alpha VOCABULARY INPUT_JSON
"""

import json
import sys
from pathlib import Path

from tests.oracle.environment.processor import make_processor
from tests.oracle.environment.tokenizer import make_tokenizer

# What stands in for torchvision is in place before the trainer imports it
# isort: split
import datasets
from qwen_vl_utils import fetch_image


def is_flat(patches):
    """Whether each channel has one value: a patch is 3 channels of 2 frames of 14 x 14."""
    return all(float(part.min()) == float(part.max()) for part in patches.reshape(-1, 3, 2 * 14 * 14).unbind(1))


def by_processor(tokenizer):
    """Whether a picture that the trainer opened is of one colour once Qwen2-VL's processor has it."""
    processor = make_processor(tokenizer).image_processor

    def one_colour(image):
        return is_flat(processor(images=[image], return_tensors="pt")["pixel_values"])

    return {
        "hf": lambda path: one_colour(datasets.Image().decode_example({"path": path, "bytes": None})),
        "qwen-vl-utils": lambda path: one_colour(fetch_image({"image": path})),
    }


def by_swift(tokenizer):
    from tests.trainers import judge_swift

    judge_swift.set_limits({"image_max_pixels": 12845056, "image_min_pixels": 3136}, 14)
    template = judge_swift.template_of(tokenizer, {"cutoff_len": 4096})

    def one_colour(picture, objects):
        messages = [{"role": "user", "content": "<image>What?"}, {"role": "assistant", "content": "<bbox>"}]
        row = {"messages": messages, "images": [picture], "objects": objects}
        return is_flat(template.encode(row)["pixel_values"])

    return {
        "ms-swift": lambda path: one_colour(path, {}),
        "ms-swift, objects": lambda path: one_colour(path, {"ref": [], "bbox": [[0, 0, 5, 5]]}),
        "ms-swift, bytes": lambda path: one_colour({"bytes": Path(path).read_bytes(), "path": None}, {}),
    }


def main(vocabulary, input_file):
    given = json.loads(Path(input_file).read_text(encoding="utf-8"))
    ways = {"hf": by_processor, "ms-swift": by_swift}[given["name"]](make_tokenizer(vocabulary))
    print("ANSWERS " + json.dumps({name: list(map(way, given["pictures"])) for name, way in ways.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
