"""Runs inside the environment with TRL: asks its collator about every row of a corpus, one at a time; with `batches`
in the input it collates those rows of each entry, and writes the tensors to files.

PYTHON judge_hf.py ORACLE_FOLDER VOCABULARY INPUT_JSON
"""

import hashlib
import json
import logging
import os
import pathlib
import sys

oracle_folder, vocabulary, input_file = sys.argv[1:4]
sys.path.insert(0, oracle_folder)
import datasets  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import lf_oracle  # noqa: E402
import models  # noqa: E402
import trl  # noqa: E402
from batches import saved  # noqa: E402
from datasets import load_dataset  # noqa: E402
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling  # noqa: E402

logging.disable(logging.CRITICAL)
ROLES = {"user_tag": "user", "assistant_tag": "assistant", "observation_tag": "tool", "function_tag": "assistant",
         "system_tag": "system"}  # fmt: skip
tokenizer = lf_oracle.make_tokenizer(vocabulary)
template = pathlib.Path(trl.__file__).parent / "chat_templates" / "qwen2_5_vl.jinja"


def parts(role, content):
    """Text with <image> as TRL wants it."""
    if not isinstance(content, str) or role not in ("user", "assistant"):
        return content
    made = []
    for number, text in enumerate(content.split("<image>")):
        made += [{"type": "image"}] * (number > 0) + [{"type": "text", "text": text}]
    return made


def messages_of(entry, row):
    columns, tags = entry["columns"], entry["tags"]
    roles = {tags.get(tag): role for tag, role in ROLES.items()}
    messages = [
        {
            "role": roles.get(message[tags["role_tag"]], message[tags["role_tag"]]),
            "content": message[tags["content_tag"]],
        }
        for message in row[columns["messages"]]
    ]
    messages = [{**message, "content": parts(message["role"], message["content"])} for message in messages]
    given = row.get(columns["system"])
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
    return {"messages": messages_of(entry, row), "images": images}


def answer(entry, row, collate, folder):
    try:
        out = collate([example(entry, row, folder)])
    except Exception as error:
        return {"status": "error", "error": type(error).__name__, "message": str(error)[:300]}
    ids, labels = out["input_ids"][0].tolist(), out["labels"][0].tolist()
    sha = hashlib.sha256(json.dumps([ids, labels]).encode()).hexdigest()[:16]
    pads = ids.count(tokenizer.convert_tokens_to_ids("<|image_pad|>"))
    return {"status": "ok", "len": len(ids), "labels": sum(x != -100 for x in labels), "image_tokens": pads, "sha": sha}


given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))
if given.get("tokens"):
    models.as_qwen2_5(tokenizer, given["tokens"])
answers = {}
for entry in given["corpus"]["entries"]:
    settings = entry["settings"]
    processor = lf_oracle.make_processor(tokenizer, settings["image_min_pixels"], settings["image_max_pixels"])
    processor.chat_template = template.read_text()
    collate = DataCollatorForVisionLanguageModeling(processor, max_length=settings["cutoff_len"])
    file = os.path.join(given["folder"], entry.get("file") or f"{entry['name']}.{entry['suffix']}")
    rows = load_dataset("json", data_files=[file], split="train")
    if "batches" in given:
        examples = [example(entry, row, given["folder"]) for row in rows]
        answers[entry["name"]] = saved(given, examples, collate)
    else:
        answers[entry["name"]] = [answer(entry, row, collate, given["folder"]) for row in rows]
print("ANSWERS " + json.dumps(answers))
