"""Runs inside the environment with unsloth_zoo: its collator, asked about every row of files.

    PYTHON -m tests.trainers.judge_unsloth VOCABULARY INPUT_JSON

Stubbed: `unsloth_zoo/__init__.py`, which stops without a GPU and patches what this collator does not call. The collator
and what it imports are the package's own.
"""

import functools
import sys
import types
from importlib.util import find_spec

from tests.trainers.judged_rows import answer, judge

# isort: split
import torch


@functools.cache
def collator_class():
    package = types.ModuleType("unsloth_zoo")
    package.__path__ = [str(place) for place in find_spec("unsloth_zoo").submodule_search_locations]
    sys.modules["unsloth_zoo"] = package
    from unsloth_zoo.vision_utils import UnslothVisionDataCollator

    return UnslothVisionDataCollator


def model_of(name, settings):
    """What the collator looks at in a model."""
    kind, patch = ("qwen3_vl", 16) if name == "qwen3-vl" else ("qwen2_vl", 14)
    vision = types.SimpleNamespace(patch_size=patch, model_type=kind)
    config = types.SimpleNamespace(
        vision_config=vision, dtype=torch.float32, torch_dtype=torch.float32, model_type=kind,
        image_token_id=151655, video_token_id=151656,
    )  # fmt: skip
    weight = types.SimpleNamespace(weight=torch.zeros(1))
    return types.SimpleNamespace(
        config=config, max_seq_length=settings["cutoff_len"], get_input_embeddings=lambda: weight
    )


def answers_of(rows, settings, model, processor, pads):
    answers_alone = {
        "train_on_responses_only": True,
        "instruction_part": "<|im_start|>user\n",
        "response_part": "<|im_start|>assistant\n",
    }
    more = answers_alone if settings.get("train_on_responses_only") else {}
    collate = collator_class()(model_of(model, settings), processor, resize=settings.get("resize") or "min", **more)
    collate._seen_supervised = True  # a batch of rows without a label stops nothing once one had some
    return [answer(collate, row, pads) for row in rows]


if __name__ == "__main__":
    sys.stdout = sys.stderr
    judge(*sys.argv[1:], answers_of)
