"""Runs inside the environment with qwen-vl-utils and transformers: Qwen's own fine-tuning, one row at a time.

    PYTHON -m tests.trainers.judge_qwen VOCABULARY INPUT_JSON

The packages are real. How rows become messages and batches, and which tokens are learned, follows the description of
Qwen's `qwen-vl-finetune` (data_processor.py), which is no package. With `batches` in the input those rows of each entry
are collated, and the tensors are written to files.
"""

import hashlib
import json
import logging
import os
import pathlib
import re
import sys
from functools import partial

from tests.oracle.environment.processor import make_processor
from tests.oracle.environment.tokenizer import make_tokenizer
from tests.trainers.batches import saved

# What stands in for torchvision is in place before the trainer imports it
# isort: split
import torch
import trl
from datasets import load_dataset
from qwen_vl_utils import process_vision_info

logging.disable(logging.CRITICAL)
vocabulary, input_file = sys.argv[1:]
given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))
tokenizer = make_tokenizer(vocabulary, given.get("tokens", ()))
START, END, ANSWER = (tokenizer.convert_tokens_to_ids(token) for token in ("<|im_start|>", "<|im_end|>", "assistant"))
PAD, VIDEO = (tokenizer.convert_tokens_to_ids(f"<|{kind}_pad|>") for kind in ("image", "video"))
template = pathlib.Path(trl.__file__).parent / "chat_templates" / "qwen2_5_vl.jinja"


def messages_of(entry, row, pool, videos):
    tags, messages = entry["tags"], []
    for message in row[entry["columns"]["messages"]]:
        if message[tags["role_tag"]] != tags["user_tag"]:
            messages.append({"role": "assistant", "content": [{"type": "text", "text": message[tags["content_tag"]]}]})
            continue
        content = []
        for part in re.split("(<image>|<video>)", message[tags["content_tag"]]):
            if part == "<image>":
                content.append(pool.pop(0))
            elif part == "<video>":
                content.append(videos.pop(0))
            elif part.strip():
                content.append({"type": "text", "text": part.strip()})
        messages.append({"role": "user", "content": content})
    if pool or videos:
        raise ValueError("unused")
    return messages


def learned(ids):
    """Answers, from behind their header to the end of turn and the token after it."""
    labels, place = [-100] * len(ids), 0
    while place < len(ids):
        if ids[place] == ANSWER and place and ids[place - 1] == START and END in ids[place + 2 :]:
            end = ids.index(END, place + 2)
            labels[place + 2 : end + 2] = ids[place + 2 : end + 2]
            place = end
        place += 1
    return labels


def processed(entry, row, processor, folder):
    limits = {"min_pixels": entry["settings"]["image_min_pixels"], "max_pixels": entry["settings"]["image_max_pixels"]}
    paths = row.get(entry["columns"]["images"]) or []
    paths = [paths] if isinstance(paths, str) else paths
    pool = [{"type": "image", "image": os.path.join(folder, path), **limits} for path in paths]
    names = {"video_min_pixels": "min_pixels", "video_max_pixels": "max_pixels", "video_fps": "fps"}
    names["video_maxlen"] = "max_frames"
    said = {names[name]: value for name, value in entry["settings"].items() if name in names}
    films = row.get(entry["columns"].get("videos")) or []
    films = [{"type": "video", "video": os.path.join(folder, path), **said} for path in films]
    messages = messages_of(entry, row, pool, films)
    text = processor.apply_chat_template(messages, tokenize=False)
    images, videos = process_vision_info(messages)
    out = processor(text=[text], images=images, videos=videos, return_tensors="pt")
    return {**out, "labels": torch.tensor([learned(out["input_ids"][0].tolist())])}


def batch(entry, processor, folder, rows):
    """Padded to the longest row, then cut; what is the token of padding is masked wherever it stands."""
    made, most = [processed(entry, row, processor, folder) for row in rows], entry["settings"]["cutoff_len"]
    fills = {"input_ids": tokenizer.pad_token_id, "labels": -100}
    padded = {
        name: torch.nn.utils.rnn.pad_sequence([out[name][0] for out in made], batch_first=True, padding_value=fill)
        for name, fill in fills.items()
    }
    cut = {name: tensor[:, :most] for name, tensor in padded.items()}
    pictures = [out for out in made if "pixel_values" in out]
    media = {
        name: torch.cat([out[name] for out in pictures]) for name in ("pixel_values", "image_grid_thw") if pictures
    }
    return {**cut, "attention_mask": cut["input_ids"].ne(tokenizer.pad_token_id), **media}


def answer(entry, row, processor, folder):
    try:
        out = processed(entry, row, processor, folder)
    except Exception as error:
        return {"status": "dropped", "message": f"{type(error).__name__}: {error}"[:300]}
    ids, labels = (out[name][0].tolist()[: entry["settings"]["cutoff_len"]] for name in ("input_ids", "labels"))
    sha = hashlib.sha256(json.dumps([ids, labels]).encode()).hexdigest()[:16]
    count = sum(x != -100 for x in labels)
    return {
        "status": "ok",
        "len": len(ids),
        "labels": count,
        "image_tokens": ids.count(PAD),
        "sha": sha,
        **({"video_tokens": ids.count(VIDEO)} if VIDEO in ids else {}),
    }


answers = {}
for entry in given["corpus"]["entries"]:
    processor = make_processor(tokenizer, model=given.get("model", "qwen2-vl"))
    processor.chat_template = template.read_text()
    file = os.path.join(given["folder"], entry.get("file") or f"{entry['name']}.{entry['suffix']}")
    rows = load_dataset("json", data_files=[file], split="train")
    if "batches" in given:
        answers[entry["name"]] = saved(given, rows, partial(batch, entry, processor, given["folder"]))
    else:
        answers[entry["name"]] = [answer(entry, row, processor, given["folder"]) for row in rows]
print("ANSWERS " + json.dumps(answers))
