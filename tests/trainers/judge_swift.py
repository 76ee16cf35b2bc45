"""Runs inside the environment with ms-swift: its own loader and template, asked about every row of a corpus.

    PYTHON -m tests.trainers.judge_swift VOCABULARY INPUT_JSON

A row is followed through the loader by its number, in a column that ms-swift carries along (`channel`).
"""

import hashlib
import json
import logging
import os
import pathlib
import sys

from tests.oracle.environment.processor import make_processor
from tests.oracle.environment.tokenizer import make_tokenizer

# What stands in for torchvision is in place before the trainer imports it
# isort: split
import torch
from datasets import disable_progress_bars, load_dataset
from qwen_vl_utils import vision_process
from swift.dataset import RowPreprocessor
from swift.dataset.preprocessor import AutoPreprocessor, MessagesPreprocessor
from swift.model import MODEL_MAPPING
from swift.model.model_meta import ModelInfo
from swift.model.models.qwen import compat_qwen_vl_utils, patch_qwen_vl_utils
from swift.template import MaxLengthError, get_template
from transformers import AutoProcessor

logging.disable(logging.CRITICAL)
disable_progress_bars()


OF_MODULE = ("FPS", "FPS_MAX_FRAMES", "VIDEO_MIN_TOKEN_NUM", "VIDEO_MAX_TOKEN_NUM")
DEFAULTS = {name: getattr(vision_process, name) for name in OF_MODULE}
"""Of qwen-vl-utils, before ms-swift changes them."""
OF_VIDEO = {
    "video_fps": "FPS",
    "video_maxlen": "FPS_MAX_FRAMES",
    "video_min_pixels": "VIDEO_MIN_PIXELS",
    "video_max_pixels": "VIDEO_MAX_PIXELS",
}


def set_limits(settings, patch_size):
    """As ms-swift reads MAX_PIXELS, MIN_PIXELS and those of videos when it loads a processor."""
    for name in ("IMAGE_MAX_TOKEN_NUM", "IMAGE_MIN_TOKEN_NUM", *OF_MODULE, *OF_VIDEO.values(), "VIDEO_TOTAL_PIXELS"):
        os.environ.pop(name, None)
    for name, value in DEFAULTS.items():
        setattr(vision_process, name, value)
    os.environ["MAX_PIXELS"], os.environ["MIN_PIXELS"] = (
        str(settings[name]) for name in ("image_max_pixels", "image_min_pixels")
    )
    os.environ |= {OF_VIDEO[name]: str(value) for name, value in settings.items() if name in OF_VIDEO}
    compat_qwen_vl_utils(image_patch_size=patch_size)
    if hasattr(vision_process, "_patch"):
        del vision_process._patch
    patch_qwen_vl_utils(vision_process)


def template_of(tokenizer, settings, *, model="qwen2-vl", files=None):
    """`files`: the folder that holds tokenizer and processor of a model; `model` is then its template."""
    kind = model.replace("-", "_").replace(".", "_")
    processor = AutoProcessor.from_pretrained(files) if files else make_processor(tokenizer, model=model)
    processor.model_info = ModelInfo(
        kind, "/model", torch.bfloat16, 32768, None, None, is_multimodal=True, task_type="causal_lm"
    )
    processor.model_meta = MODEL_MAPPING["qwen3_5" if files else kind]
    strategy = settings.get("truncation_strategy") or "delete"
    template = get_template(
        processor,
        settings.get("default_system"),
        settings["cutoff_len"],
        template_type=kind,
        truncation_strategy="raise" if strategy == "delete" else strategy,
    )
    template.set_mode("train")
    if files:  # of a small vocabulary
        template.image_token_id, template.video_token_id = (
            processor.tokenizer.convert_tokens_to_ids(f"<|{medium}_pad|>") for medium in ("image", "video")
        )
    return template


def preprocessor_of(entry):
    """With the names that ms-swift's custom_dataset_info.json gives: `columns`, and `messages`."""
    columns = {name: standard for standard, name in (entry.get("swift_columns") or {}).items()}
    if "swift_messages" in entry:
        return MessagesPreprocessor(columns=columns, **entry["swift_messages"])
    return AutoPreprocessor(columns=columns)


def loaded(entry, file):
    """The rows that the loader keeps, by their number in the file."""
    kind = {"jsonl": "json"}.get(file.rpartition(".")[2], file.rpartition(".")[2])
    rows = load_dataset(kind, data_files=[file], split="train")
    rows = rows.add_column("channel", [str(number) for number in range(len(rows))])

    def prepare(some):
        made = preprocessor_of(entry)(some, strict=False, enable_auto_mapping=True, load_from_cache_file=False)
        return RowPreprocessor.remove_useless_columns(made)

    try:
        kept = list(prepare(rows))
        return len(rows), {int(row["channel"]): row for row in kept}, {}
    except Exception:  # one row stops all
        kept, stopped = {}, {}
        for number in range(len(rows)):
            try:
                for row in prepare(rows.select([number])):
                    kept[number] = row
            except Exception as error:
                stopped[number] = {"status": "error", "message": f"{type(error).__name__}: {error}"[:300]}
        return len(rows), kept, stopped


def answer(row, template):
    try:
        out = template.encode(row, return_length=True)
    except MaxLengthError as error:
        return {"status": "dropped", "message": str(error)}
    except Exception as error:
        return {"status": "dropped", "message": f"{type(error).__name__}: {error}"[:300]}
    ids, labels = list(out["input_ids"]), list(out["labels"])
    sha = hashlib.sha256(json.dumps([ids, labels]).encode()).hexdigest()[:16]
    count = sum(label != -100 for label in labels)
    return {
        "status": "ok",
        "len": len(ids),
        "labels": count,
        "image_tokens": ids.count(template.image_token_id),
        "video_tokens": ids.count(template.video_token_id),
        "sha": sha,
    }


def answers_of(entry, given, tokenizer):
    settings = entry["settings"]
    model = given.get("model", "qwen2-vl")
    set_limits(settings, 16 if model.startswith("qwen3") else 14)
    template = template_of(tokenizer, settings, model=model, files=given.get("files"))
    file = os.path.join(given["folder"], entry.get("file") or f"{entry['name']}.{entry['suffix']}")
    number, kept, stopped = loaded(entry, file)
    gone = {"status": "dropped", "message": "the loader"}
    return [stopped.get(place) or (answer(kept[place], template) if place in kept else gone) for place in range(number)]


def main(vocabulary, input_file):
    given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))
    tokenizer = make_tokenizer(vocabulary, given.get("tokens", ()))
    os.environ["ROOT_IMAGE_DIR"] = given["folder"]
    answers = {entry["name"]: answers_of(entry, given, tokenizer) for entry in given["corpus"]["entries"]}
    print("ANSWERS " + json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
