"""The processors of Qwen2-VL and of later models, made by transformers without a checkpoint.

Classes are looked up when they are asked for: releases before 4.52 lack some of them.
"""

import transformers
from transformers import PreTrainedTokenizerBase, ProcessorMixin

PUBLISHED = {"shortest_edge": 3136, "longest_edge": 12845056}
"""Pixels of a picture, and of a frame of a video, in Qwen2-VL's preprocessor_config.json."""
LATEST = {"shortest_edge": 65536, "longest_edge": 16777216}
"""Pixels of a picture in Qwen3-VL's preprocessor_config.json."""
LATEST_VIDEO = {"shortest_edge": 4096, "longest_edge": 25165824}
"""Pixels of all frames of a video in its video_preprocessor_config.json."""


def make_processor(
    tokenizer: PreTrainedTokenizerBase, min_pixels: int = 3136, max_pixels: int = 12845056, *, model: str = "qwen2-vl"
) -> ProcessorMixin:
    """The processor of `model`: qwen2-vl, qwen2.5-vl or qwen3-vl, whose own limits stand in place of those given."""
    if model == "qwen3-vl":
        images = image_processor(LATEST, patch_size=16)
        videos = transformers.Qwen3VLVideoProcessor(size=dict(LATEST_VIDEO))
        return transformers.Qwen3VLProcessor(images, tokenizer, videos, chat_template=None)
    # As a size of two edges, a new one each: min_pixels alone would change the default of the class
    size = {"shortest_edge": min_pixels, "longest_edge": max_pixels}
    images, videos = image_processor(size), transformers.Qwen2VLVideoProcessor(size=dict(size))
    kind = transformers.Qwen2_5_VLProcessor if model == "qwen2.5-vl" else transformers.Qwen2VLProcessor
    return kind(images, tokenizer, videos, chat_template=None)


def image_processor(size: dict[str, int], **more: int) -> transformers.ImageProcessingMixin:
    """The class on torchvision, which LLaMA-Factory asks for (`use_fast`): since 5 it has the plain name."""
    if int(transformers.__version__.partition(".")[0]) >= 5:
        return transformers.Qwen2VLImageProcessor(size=dict(size), **more)
    made = transformers.Qwen2VLImageProcessorFast(size=dict(size), **more)
    made.min_pixels, made.max_pixels = size["shortest_edge"], size["longest_edge"]  # as a checkpoint's own file does
    return made
