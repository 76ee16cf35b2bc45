"""Runs inside the environment with TRL and qwen-vl-utils, and in that with ms-swift: whether what their images become
has one colour.

PYTHON judge_alpha.py ORACLE_FOLDER VOCABULARY INPUT_JSON
"""

import contextlib
import json
import pathlib
import sys

oracle_folder, vocabulary, input_file = sys.argv[1:4]
sys.path.insert(0, oracle_folder)
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import datasets  # noqa: E402
import lf_oracle  # noqa: E402
from qwen_vl_utils import fetch_image  # noqa: E402

given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))


def one_colour(image):
    """Whether a picture that the trainer opened is of one colour once Qwen2-VL's processor has it."""
    return is_flat(processor(images=[image], return_tensors="pt")["pixel_values"])


def is_flat(patches):
    """Whether each channel has one value: a patch is 3 channels of 2 frames of 14 x 14."""
    return all(float(part.min()) == float(part.max()) for part in patches.reshape(-1, 3, 2 * 14 * 14).unbind(1))


def by_swift(path, objects):
    messages = [{"role": "user", "content": "<image>What?"}, {"role": "assistant", "content": "<bbox>"}]
    row = {"messages": messages, "images": [path], "objects": objects}
    return is_flat(template.encode(row)["pixel_values"])


if given["name"] == "hf":
    processor = lf_oracle.make_processor(lf_oracle.make_tokenizer(vocabulary)).image_processor
    ways = {
        "hf": lambda path: one_colour(datasets.Image().decode_example({"path": path, "bytes": None})),
        "qwen-vl-utils": lambda path: one_colour(fetch_image({"image": path})),
    }
else:
    with contextlib.redirect_stdout(None):  # its answers about no corpus
        import judge_swift
    judge_swift.set_limits(12845056, 3136)
    template = judge_swift.template_of({"cutoff_len": 4096})
    ways = {
        "ms-swift": lambda path: by_swift(path, {}),
        "ms-swift, objects": lambda path: by_swift(path, {"ref": [], "bbox": [[0, 0, 5, 5]]}),
        "ms-swift, bytes": lambda path: by_swift({"bytes": pathlib.Path(path).read_bytes(), "path": None}, {}),
    }
print("ANSWERS " + json.dumps({name: [way(path) for path in given["pictures"]] for name, way in ways.items()}))
