"""Runs inside the environment with axolotl: its collator of multimodal rows, asked about every row of files.

    PYTHON -m tests.trainers.judge_axolotl VOCABULARY INPUT_JSON

Stubbed: the decoder that transformers takes for images within messages, torchvision's, which does not load beside a
torch without CUDA. Pillow stands in for it.
"""

import sys

from tests.trainers.judged_rows import answer, judge

# isort: split
from axolotl.processing_strategies import get_processing_strategy
from axolotl.utils.chat_templates import get_chat_template
from axolotl.utils.collators.mm_chat import MultiModalChatDataCollator
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor
from transformers import Qwen2VLVideoProcessor, image_processing_backends

from tests.oracle.environment.processor import LATEST, image_processor

load_decoded = image_processing_backends.load_image_as_tensor


def load_image(image):
    """Of a file as torchvision would: without its EXIF block."""
    return pil_to_tensor(Image.open(image).convert("RGB")) if isinstance(image, str) else load_decoded(image)


image_processing_backends.load_image_as_tensor = load_image


def own_processor(processor, most, model):
    """With the limits that it is published with, and the most pixels that are set."""
    own = LATEST if model == "qwen3-vl" else {"shortest_edge": 3136, "longest_edge": 12845056}
    size = {**own, "longest_edge": max(min(most, own["longest_edge"]), own["shortest_edge"])}
    processor.image_processor = image_processor(size, **({"patch_size": 16} if model == "qwen3-vl" else {}))
    if model != "qwen3-vl":  # whose processor of videos does not know `max_pixels`
        processor.video_processor = Qwen2VLVideoProcessor(size=dict(size))
    return processor


def answers_of(rows, settings, model, processor, pads):
    processor = own_processor(processor, settings["image_max_pixels"], model)
    strategy = get_processing_strategy(
        processor, get_chat_template("qwen2_vl"), "qwen2_vl", train_on_inputs=settings.get("train_on_prompt", False)
    )
    collate = MultiModalChatDataCollator(processor.tokenizer, processing_strategy=strategy)
    return [answer(collate, row, pads) for row in rows]


if __name__ == "__main__":
    sys.stdout = sys.stderr
    judge(*sys.argv[1:], answers_of)
