"""Runs inside the environment with nemo-automodel: its conversion of rows and its tokenizing wrapper, asked about every
row of files.

    PYTHON -m tests.trainers.judge_nemo VOCABULARY INPUT_JSON

A row that fails is replaced by another there; here each is given alone, and once.
"""

import hashlib
import json
import logging
import os
import pathlib
import sys
import warnings

from tests.oracle.environment.processor import PUBLISHED, make_processor
from tests.oracle.environment.tokenizer import make_tokenizer

# What stands in for torchvision is in place before the trainer imports it
# isort: split
from nemo_automodel.components.datasets.vlm.datasets import (
    PreTokenizedDatasetWrapper,
    _convert_sharegpt_to_conversation,
    _load_json_or_jsonl,
)

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")


def told(error):
    return {"status": "error", "error": type(error).__name__, "message": str(error)[:300]}


def answer(row, entry, processor, cutoff, pads):
    try:
        names = {name: entry.get(name) for name in ("columns", "tags", "media_dir")}
        example = _convert_sharegpt_to_conversation(row, **names)
    except Exception as error:
        return told(error)
    try:
        batch = PreTokenizedDatasetWrapper([example], processor, max_length=cutoff, max_retries=1)[0]
    except RuntimeError as error:
        return {"status": "dropped", "message": str(error)}
    ids, labels = batch["input_ids"].tolist(), batch["labels"].tolist()
    sha = hashlib.sha256(json.dumps([ids, labels]).encode()).hexdigest()[:16]
    learned = sum(label != -100 for label in labels)
    images, films = map(ids.count, pads)
    shown = {"video_tokens": films} if films else {}
    return {"status": "ok", "len": len(ids), "labels": learned, "image_tokens": images, **shown, "sha": sha}


def main(vocabulary, input_file):
    given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))
    tokenizer = make_tokenizer(vocabulary, given.get("tokens", ()))
    pads = tokenizer.convert_tokens_to_ids(["<|image_pad|>", "<|video_pad|>"])
    model = "qwen2.5-vl" if given.get("tokens") else "qwen2-vl"
    template = pathlib.Path(given["template"]).read_text()
    answers = {}
    for name, file in given["files"].items():
        settings = file["settings"]
        processor = make_processor(tokenizer, 3136, settings.get("image_max_pixels", 12845056), model=model)
        processor.video_processor.size = dict(PUBLISHED)  # which nothing here changes
        processor.chat_template = template
        ((_, entry),) = json.loads(pathlib.Path(file["file"]).read_text()).items()
        rows = _load_json_or_jsonl(os.path.join(os.path.dirname(file["file"]), entry["file_name"]))
        answers[name] = [answer(row, entry, processor, settings["cutoff_len"], pads) for row in rows]
    print("ANSWERS " + json.dumps(answers), file=sys.__stdout__)


if __name__ == "__main__":
    sys.stdout = sys.stderr
    main(*sys.argv[1:])
