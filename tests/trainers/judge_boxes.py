"""Runs inside the environment with ms-swift: its own `normalize_bbox`, asked about boxes of `objects`.

    PYTHON -m tests.trainers.judge_boxes INPUT_JSON

Given are objects of {bbox, bbox_type, width, height, fed, norm}, where `norm` is `norm1000` (Qwen2-VL)
or `none` (Qwen2.5-VL).
"""

import json
import logging
import sys
from types import SimpleNamespace

import tests.oracle.environment.tokenizer  # noqa: F401  # what stands in for torchvision comes first

# isort: split
from swift.template.base import Template

logging.disable(logging.CRITICAL)


def main(input_file):
    answers = []
    with open(input_file, encoding="utf-8") as file:
        given = json.load(file)
    for one in given:
        objects = {
            "bbox": one["bbox"],
            "bbox_type": one["bbox_type"],
            "width": [one["width"]],
            "height": [one["height"]],
        }
        images = [SimpleNamespace(width=one["fed"][0], height=one["fed"][1])]
        inputs = SimpleNamespace(objects=objects, images=images)
        Template.normalize_bbox(SimpleNamespace(norm_bbox=one["norm"]), inputs)
        answers.append(objects["bbox"])
    print("ANSWERS " + json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
