"""Runs inside the oracle's environment: asks the real trainer.

    ORACLE_PYTHON judge.py ORACLE_FOLDER VOCABULARY QUESTION INPUT_JSON

Questions: rows (every row of a corpus), entries (load entries of files of all kinds, then every row of each), load
(does the JSON loader take a file), full (does the whole preprocessing of a dataset end, and with what), grids
(patches of image sizes), ids (ids of texts), batches (collate rows, and write the tensors of each batch to a file).
"""

import json
import logging
import pathlib
import sys
import tempfile

oracle_folder, vocabulary, question, input_file = sys.argv[1:5]
sys.path.insert(0, oracle_folder)
import lf_oracle  # noqa: E402

logging.disable(logging.CRITICAL)
made = {}
make = lf_oracle.make_tokenizer
make_processor = lf_oracle.make_processor


def with_limits(tokenizer, least=3136, most=12845056):
    """transformers 4 takes the limits from attributes, which a checkpoint's preprocessor_config.json sets."""
    processor = make_processor(tokenizer, least, most)
    if hasattr(processor.image_processor, "max_pixels"):
        processor.image_processor.min_pixels, processor.image_processor.max_pixels = least, most
    return processor


lf_oracle.make_processor = with_limits
lf_oracle.make_tokenizer = lambda vocab: made.setdefault(vocab, make(vocab))  # one tokenizer serves all settings


def rows(given):
    from llamafactory.data.template import TEMPLATES

    name = given.get("template", "qwen2_vl")
    template = TEMPLATES[name]
    default_system = template.default_system
    if given.get("model"):
        as_later_model(given["model"], given["tokens"])
    answers = {}
    for entry in given["corpus"]["entries"]:
        settings = {k: v for k, v in entry["settings"].items() if v is not None and k != "processor"}
        template.default_system = default_system  # the trainer writes its setting into this global; a run has only one
        settings |= {"dataset_dir": given["folder"], "dataset": entry["name"], "template": name}
        oracle = lf_oracle.build(vocab=vocabulary, **settings)
        attributes, rows = oracle.raw_rows(entry["name"])
        answers[entry["name"]] = [oracle.sample(attributes, row, index) for index, row in enumerate(rows)]
    return answers


def as_later_model(model, tokens):
    """Qwen2.5-VL and Qwen3-VL: their added tokens, and their own processor classes."""
    from tokenizers import AddedToken
    from transformers import Qwen2_5_VLProcessor, Qwen2VLImageProcessor, Qwen3VLProcessor, Qwen3VLVideoProcessor

    make_tokenizer, make_processor = lf_oracle.make_tokenizer, lf_oracle.make_processor

    def tokenizer(vocab):
        made = make_tokenizer(vocab)
        made.add_tokens([AddedToken(token, special=False, normalized=False) for token in tokens])
        return made

    def processor(tokenizer, *limits):
        parts = make_processor(tokenizer, *limits)
        if model == "qwen3-vl":
            size = {"shortest_edge": 65536, "longest_edge": 16777216}
            images = Qwen2VLImageProcessor(size=size, patch_size=16)
            return Qwen3VLProcessor(images, tokenizer, Qwen3VLVideoProcessor(), chat_template=None)
        return Qwen2_5_VLProcessor(parts.image_processor, tokenizer, parts.video_processor, chat_template=None)

    lf_oracle.make_tokenizer, lf_oracle.make_processor = tokenizer, processor


def entries(given):
    """The trainer's own loading of each entry, cut off before the conversion, which is then done row by row."""
    import llamafactory.data.loader as loader
    from datasets.formatting import format_table, get_formatter
    from llamafactory.data.parser import get_dataset_list

    loader.align_dataset = lambda dataset, *_: dataset
    answers = {}
    oracle = lf_oracle.build(dataset_dir=given["folder"], vocab=vocabulary)
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


def load(paths):
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


def full(given):
    answers = {}
    for name in given["names"]:
        oracle = lf_oracle.build(dataset_dir=given["folder"], dataset=name, vocab=vocabulary)
        try:
            oracle.full()
            answers[name] = None
        except Exception as error:
            answers[name] = type(error).__name__
    return answers


def grids(cases):
    from llamafactory.data.mm_plugin import get_mm_plugin
    from PIL import Image

    plugin = get_mm_plugin("qwen2_vl", image_token="<|image_pad|>", video_token="<|video_pad|>")
    processor = lf_oracle.make_processor(lf_oracle.make_tokenizer(vocabulary)).image_processor
    answers = []
    for width, height, most, least in cases:
        image = Image.new("RGB", (width, height))
        try:
            image = plugin._preprocess_image(image, image_max_pixels=most, image_min_pixels=least)
            answers.append(processor([image], return_tensors="pt")["image_grid_thw"][0].tolist()[1:])
        except ValueError as error:
            answers.append(str(error))
    return answers


def batches(given):
    import torch

    oracle = lf_oracle.build(dataset_dir=given["folder"], dataset="data", vocab=vocabulary, **given["settings"])
    collate = oracle.collator(oracle.tiny_model())
    attributes, rows = oracle.raw_rows("data")
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


def ids(texts):
    tokenizer = lf_oracle.make_tokenizer(vocabulary)
    return [tokenizer.encode(text, add_special_tokens=False) for text in texts]


questions = (rows, entries, load, full, grids, ids, batches)
answer = {function.__name__: function for function in questions}[question]
print("ANSWERS " + json.dumps(answer(json.loads(pathlib.Path(input_file).read_text(encoding="utf-8")))))
