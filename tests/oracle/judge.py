"""Runs inside the oracle's environment: asks the real trainer.

    ORACLE_PYTHON -m tests.oracle.judge VOCABULARY QUESTION INPUT_JSON

Questions: rows (every row of a corpus), entries (load entries of files of all kinds, then every row of each), load
(does the JSON loader take a file), full (does the whole preprocessing of a dataset end, and with what), grids
(patches of image sizes), ids (ids of texts), batches (collate rows, and write the tensors of each batch to a file).
"""

import json
import logging
import sys
import tempfile
from pathlib import Path

from tests.oracle.environment.oracle import Oracle
from tests.oracle.environment.processor import make_processor
from tests.oracle.environment.tokenizer import make_tokenizer


def rows(given, tokenizer):
    from llamafactory.data.template import TEMPLATES

    name, model = given.get("template", "qwen2_vl"), given.get("model", "qwen2-vl")
    template = TEMPLATES[name]
    default_system = template.default_system
    answers = {}
    for entry in given["corpus"]["entries"]:
        settings = {k: v for k, v in entry["settings"].items() if v is not None and k != "processor"}
        if "enable_thinking" in settings:
            settings["enable_thinking"] = json.loads(settings["enable_thinking"])
        template.default_system = default_system  # the trainer writes its setting into this global; a run has only one
        processor = loaded(given["files"])[1] if "files" in given else make_processor(tokenizer, model=model)
        settings |= {"template": name, "tokenizer": tokenizer, "processor": processor}
        answers[entry["name"]] = list(Oracle(given["folder"], entry["name"], **settings).samples(entry["name"]))
    return answers


def loaded(folder):
    """Tokenizer and processor of a model's folder, as the trainer loads them."""
    from transformers import AutoProcessor, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True, split_special_tokens=False, padding_side="right")
    return tokenizer, AutoProcessor.from_pretrained(folder, use_fast=True)


def entries(given, tokenizer):
    """The trainer's own loading of each entry, cut off before the conversion, which is then done row by row."""
    import llamafactory.data.loader as loader
    from datasets.formatting import format_table, get_formatter
    from llamafactory.data.parser import get_dataset_list

    loader.align_dataset = lambda dataset, *_: dataset
    answers = {}
    oracle = Oracle(given["folder"], tokenizer=tokenizer)
    for name in given["names"]:
        attributes = get_dataset_list([name], given["folder"])[0]
        try:
            dataset = loader._load_single_dataset(attributes, oracle.model_args, oracle.data_args, oracle.training_args)
        except Exception as error:
            answers[name] = {"refused": type(error).__name__, "message": str(error)}
            continue
        formatter = get_formatter(
            None, features=dataset.features, lazy=True
        )  # as in `map`: a column is read when asked
        lazy = [
            format_table(dataset.with_format("arrow")[index : index + 1], 0, formatter=formatter)
            for index in range(len(dataset))
        ]
        answers[name] = {"rows": [oracle.sample(attributes, row, index) for index, row in enumerate(lazy)]}
    return answers


def load(paths, tokenizer):
    from datasets import load_dataset

    answers = {}
    for name, path in paths.items():
        try:
            with tempfile.TemporaryDirectory() as cache:
                load_dataset("json", data_files=[path], split="train", cache_dir=cache)
            answers[name] = {"accepted": True}
        except Exception as error:
            answers[name] = {"accepted": False, "error": type(error).__name__}
    return answers


def full(given, tokenizer):
    answers = {}
    for name in given["names"]:
        oracle = Oracle(given["folder"], name, tokenizer=tokenizer)
        try:
            oracle.full()
            answers[name] = None
        except Exception as error:
            answers[name] = type(error).__name__
    return answers


def grids(cases, tokenizer):
    from llamafactory.data.mm_plugin import get_mm_plugin
    from PIL import Image

    plugin = get_mm_plugin("qwen2_vl", image_token="<|image_pad|>", video_token="<|video_pad|>")
    processor = make_processor(tokenizer).image_processor
    answers = []
    for width, height, most, least in cases:
        image = Image.new("RGB", (width, height))
        try:
            image = plugin._preprocess_image(image, image_max_pixels=most, image_min_pixels=least)
            answers.append(processor([image], return_tensors="pt")["image_grid_thw"][0].tolist()[1:])
        except ValueError as error:
            answers.append(str(error))
    return answers


def batches(given, tokenizer):
    import torch

    oracle = Oracle(given["folder"], "data", tokenizer=tokenizer, **given["settings"])
    collate = oracle.collator(oracle.tiny_model())
    attributes, rows = oracle.rows("data")
    samples = [oracle.convert(attributes, row) for row in rows]
    answers = []
    for number, members in enumerate(given["batches"]):
        try:
            batch = collate([oracle.feature(samples[member]) for member in members])
            file = f"{given['folder']}/batch_{number}.pt"
            torch.save({name: tensor for name, tensor in batch.items() if torch.is_tensor(tensor)}, file)
            answers.append(file)
        except Exception as error:
            answers.append({"error": type(error).__name__, "message": str(error)})
    return answers


def ids(texts, tokenizer):
    return [tokenizer.encode(text, add_special_tokens=False) for text in texts]


QUESTIONS = {function.__name__: function for function in (rows, entries, load, full, grids, ids, batches)}


def main(vocabulary, question, input_file):
    logging.disable(logging.CRITICAL)
    given = json.loads(Path(input_file).read_text(encoding="utf-8"))
    added = given.get("tokens", ()) if isinstance(given, dict) else ()
    files = isinstance(given, dict) and given.get("files")
    tokenizer = loaded(files)[0] if files else make_tokenizer(vocabulary, added)
    answers = QUESTIONS[question](given, tokenizer)
    print("ANSWERS " + json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
