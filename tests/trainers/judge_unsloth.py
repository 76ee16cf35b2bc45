"""Runs inside the environment with unsloth_zoo: its collator, asked about every row of files.

    PYTHON -m tests.trainers.judge_unsloth VOCABULARY INPUT_JSON

Stubbed: `unsloth_zoo/__init__.py`, which stops without a GPU and patches what this collator does not call. The collator
and what it imports are the package's own.
"""

import hashlib
import json
import logging
import os
import pathlib
import sys
import types
import warnings
from importlib.util import find_spec

from tests.trainers import ffmpeg  # noqa: F401

# isort: split
from tests.oracle.environment.processor import image_processor, make_processor
from tests.oracle.environment.tokenizer import make_tokenizer

# What stands in for torchvision is in place before the trainer imports it
# isort: split
import torch
import trl
from datasets import disable_progress_bars, load_dataset, load_from_disk

logging.disable(logging.CRITICAL)
disable_progress_bars()
warnings.simplefilter("ignore")
TEMPLATES = pathlib.Path(trl.__file__).parent / "chat_templates"


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


def read(file):
    if os.path.isdir(file):
        return load_from_disk(file)
    ending = file.rpartition(".")[2]
    return load_dataset({"jsonl": "json"}.get(ending, ending), data_files=[file], split="train")


def answer(collate, row, pads, films):
    try:
        batch = collate([row])
    except Exception as error:
        return {"status": "error", "error": type(error).__name__, "message": str(error)[:300]}
    ids, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
    sha = hashlib.sha256(json.dumps([ids, labels]).encode()).hexdigest()[:16]
    learned = sum(label != -100 for label in labels)
    fed = sum(int(rows.prod()) for rows in batch.get("image_grid_thw", ())) // 4
    shown = {"video_tokens": ids.count(films)} if films in ids else {}
    counts = {"len": len(ids), "labels": learned, "image_tokens": ids.count(pads), **shown}
    return {"status": "ok", **counts, "sha": sha, "fed": fed}


def processor_of(model, tokenizer, settings):
    """With the limits that are set, and the template that the model is published with."""
    limits = settings["image_min_pixels"], settings["image_max_pixels"]
    processor = make_processor(tokenizer, *limits, model=model)
    if model == "qwen3-vl":
        size = {"shortest_edge": limits[0], "longest_edge": limits[1]}
        processor.image_processor = image_processor(size, patch_size=16)
    name = "qwen3_vl" if model == "qwen3-vl" else "qwen2_5_vl"
    processor.chat_template = (TEMPLATES / f"{name}.jinja").read_text()
    return processor


def main(vocabulary, input_file):
    given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))
    tokenizer = make_tokenizer(vocabulary, given.get("tokens", ()))
    pads = tokenizer.convert_tokens_to_ids(["<|image_pad|>", "<|video_pad|>"])
    model = given.get("model", "qwen2-vl")
    kind = collator_class()
    answers = {}
    for name, entry in given["files"].items():
        settings = entry["settings"]
        processor = processor_of(model, tokenizer, settings)
        collate = kind(model_of(model, settings), processor, resize=settings.get("resize") or "min")
        try:
            rows = read(entry["file"])
            answers[name] = [answer(collate, row, *pads) for row in rows]
        except Exception as error:
            answers[name] = {"status": "error", "error": type(error).__name__, "message": str(error)[:300]}
    print("ANSWERS " + json.dumps(answers), file=sys.__stdout__)


if __name__ == "__main__":
    sys.stdout = sys.stderr
    main(*sys.argv[1:])
