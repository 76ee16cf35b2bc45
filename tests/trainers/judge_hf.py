"""Runs inside the environment with TRL: asks its collator about every row of a corpus, one at a time; with `batches`
in the input it collates those rows of each entry, and writes the tensors to files.

PYTHON -m tests.trainers.judge_hf VOCABULARY INPUT_JSON
"""

import functools
import hashlib
import json
import logging
import os
import pathlib
import re
import sys

from tests.trainers import ffmpeg  # noqa: F401

# isort: split
from tests.oracle.environment.processor import image_processor, make_processor
from tests.oracle.environment.tokenizer import make_tokenizer
from tests.trainers.batches import saved

# What stands in for torchvision is in place before the trainer imports it
# isort: split
import datasets
import trl
from datasets import load_dataset
from transformers import AutoProcessor
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

logging.disable(logging.CRITICAL)
ROLES = {"user_tag": "user", "assistant_tag": "assistant", "observation_tag": "tool", "function_tag": "assistant",
         "system_tag": "system"}  # fmt: skip
TEMPLATES = {"qwen2-vl": "qwen2_5_vl", "qwen2.5-vl": "qwen2_5_vl", "qwen3-vl": "qwen3_vl"}
folder = pathlib.Path(trl.__file__).parent / "chat_templates"


def parts(role, content, films):
    """Text with <image>, and <video> where there are `films`, as TRL wants it. Raises IndexError without a film."""
    if not isinstance(content, str) or role not in ("user", "assistant"):
        return content
    made = []
    for piece in re.split("(<image>|<video>)" if films is not None else "(<image>)", content):
        if piece == "<image>":
            made.append({"type": "image"})
        elif piece == "<video>" and films is not None:
            made.append({"type": "video", "video": films.pop(0)})
        else:
            made.append({"type": "text", "text": piece})
    return made


def messages_of(entry, row, folder):
    columns, tags = entry["columns"], entry["tags"]
    roles = {tags.get(tag): role for tag, role in ROLES.items()}
    messages = [
        {
            "role": roles.get(message[tags["role_tag"]], message[tags["role_tag"]]),
            "content": message[tags["content_tag"]],
        }
        for message in row[columns["messages"]]
    ]
    films = None
    if columns.get("videos"):
        films = [os.path.join(folder, path) for path in row.get(columns["videos"]) or []]
    messages = [{**message, "content": parts(message["role"], message["content"], films)} for message in messages]
    if films:
        raise ValueError("more videos than parts")
    given = row.get(columns.get("system"))
    if given and not (messages and messages[0]["role"] == "system" and tags.get("system_tag")):
        messages.insert(0, {"role": "system", "content": given})
    return messages


def loaded(path):
    """As an image column of `datasets` gives it."""
    return datasets.Image().decode_example({"path": path, "bytes": None})


def example(entry, row, folder):
    paths = row.get(entry["columns"]["images"]) or []
    paths = [paths] if isinstance(paths, str) else paths
    images = [loaded(path if path is None else os.path.join(folder, path)) for path in paths]
    return {"messages": messages_of(entry, row, folder), "images": images}


def answer(make, collate, image_pad):
    """`make`: loads the row."""
    try:
        out = collate([make()])
    except Exception as error:
        return {"status": "error", "error": type(error).__name__, "message": str(error)[:300]}
    ids, labels = out["input_ids"][0].tolist(), out["labels"][0].tolist()
    sha = hashlib.sha256(json.dumps([ids, labels]).encode()).hexdigest()[:16]
    pads, learned = ids.count(image_pad), sum(label != -100 for label in labels)
    shown = {"video_tokens": ids.count(image_pad + 1)} if image_pad + 1 in ids else {}
    return {"status": "ok", "len": len(ids), "labels": learned, "image_tokens": pads, **shown, "sha": sha}


def answers_of(entry, given, tokenizer):
    settings, model = entry["settings"], given.get("model", "qwen2-vl")
    limits = settings["image_min_pixels"], settings["image_max_pixels"]
    files = given.get("folder_of_model")
    processor = AutoProcessor.from_pretrained(files) if files else make_processor(tokenizer, *limits, model=model)
    if files or model == "qwen3-vl":  # with the limits that are set, in place of its own
        size = {"shortest_edge": limits[0], "longest_edge": limits[1]}
        processor.image_processor = image_processor(size, patch_size=16)
    processor.chat_template = (folder / f"{TEMPLATES.get(model, model)}.jinja").read_text()
    collate = DataCollatorForVisionLanguageModeling(processor, max_length=settings["cutoff_len"])
    file = os.path.join(given["folder"], entry.get("file") or f"{entry['name']}.{entry['suffix']}")
    rows = load_dataset("json", data_files=[file], split="train")
    if "batches" in given:
        return saved(given, [example(entry, row, given["folder"]) for row in rows], collate)
    image_pad = tokenizer.convert_tokens_to_ids("<|image_pad|>")
    return [answer(functools.partial(example, entry, row, given["folder"]), collate, image_pad) for row in rows]


def main(vocabulary, input_file):
    given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))
    files = given.get("folder_of_model")
    tokenizer = (
        AutoProcessor.from_pretrained(files).tokenizer if files else make_tokenizer(vocabulary, given.get("tokens", ()))
    )
    answers = {entry["name"]: answers_of(entry, given, tokenizer) for entry in given["corpus"]["entries"]}
    print("ANSWERS " + json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
