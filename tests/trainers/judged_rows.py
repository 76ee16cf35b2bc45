"""What judges of trainers with data of their own have in common: files read, processors, answers about a batch.

Their modules import this one first: it puts in place what the trainers' packages look for when they are imported.
"""

import hashlib
import json
import logging
import os
import pathlib
import sys
import warnings

from tests.trainers import ffmpeg  # noqa: F401

# isort: split
from tests.oracle.environment.processor import image_processor, make_processor
from tests.oracle.environment.tokenizer import make_tokenizer

# What stands in for torchvision is in place before the trainer imports it
# isort: split
import trl
from datasets import disable_progress_bars, load_dataset, load_from_disk
from transformers import AutoProcessor

logging.disable(logging.CRITICAL)
disable_progress_bars()
warnings.simplefilter("ignore")
TEMPLATES = pathlib.Path(trl.__file__).parent / "chat_templates"
PADS = ["<|image_pad|>", "<|video_pad|>"]


def read(file):
    if os.path.isdir(file):
        return load_from_disk(file)
    ending = file.rpartition(".")[2]
    return load_dataset({"jsonl": "json"}.get(ending, ending), data_files=[file], split="train")


def told(error):
    return {"status": "error", "error": type(error).__name__, "message": str(error)[:300]}


def answer(collate, row, pads):
    """What a collator makes of a row. `pads`: the ids of PADS."""
    try:
        batch = collate([row])
    except Exception as error:
        return told(error)
    ids, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
    sha = hashlib.sha256(json.dumps([ids, labels]).encode()).hexdigest()[:16]
    learned = sum(label != -100 for label in labels)
    fed, fed_films = (
        sum(int(rows.prod()) for rows in batch.get(f"{kind}_grid_thw", ())) // 4 for kind in ("image", "video")
    )
    images, films = map(ids.count, pads)
    shown = {"video_tokens": films, "fed_films": fed_films} if films or fed_films else {}
    return {"status": "ok", "len": len(ids), "labels": learned, "image_tokens": images, **shown, "sha": sha, "fed": fed}


def processor_of(model, tokenizer, settings, files=None):
    """With the limits that are set, and the template that the model is published with. `files`: the folder of a model
    that is named by its template.
    """
    limits = settings.get("image_min_pixels", 3136), settings["image_max_pixels"]
    processor = (
        make_processor(tokenizer, *limits, model=model) if files is None else AutoProcessor.from_pretrained(files)
    )
    if model == "qwen3-vl" or files is not None:
        size = {"shortest_edge": limits[0], "longest_edge": limits[1]}
        processor.image_processor = image_processor(size, patch_size=16)
    name = {"qwen2-vl": "qwen2_5_vl", "qwen2.5-vl": "qwen2_5_vl", "qwen3-vl": "qwen3_vl"}.get(model, model)
    processor.chat_template = (TEMPLATES / f"{name}.jinja").read_text()
    return processor


def judge(vocabulary, input_file, answers_of):
    """Print the answers about all files. `answers_of` gives those about the rows of one: of (rows, settings, model,
    processor, ids of PADS).
    """
    given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))
    files = given.get("folder_of_model")
    tokenizer = (
        AutoProcessor.from_pretrained(files).tokenizer if files else make_tokenizer(vocabulary, given.get("tokens", ()))
    )
    pads = tokenizer.convert_tokens_to_ids(PADS)
    model = given.get("model", "qwen2-vl")
    answers = {}
    for name, entry in given["files"].items():
        settings = entry["settings"]
        processor = processor_of(model, tokenizer, settings, files)
        try:
            answers[name] = answers_of(read(entry["file"]), settings, model, processor, pads)
        except Exception as error:
            answers[name] = told(error)
    print("ANSWERS " + json.dumps(answers), file=sys.__stdout__)
