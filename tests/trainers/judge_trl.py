"""Runs inside the environment with TRL: its SFTTrainer, with a small model, asked about every row of files.

    PYTHON -m tests.trainers.judge_trl VOCABULARY INPUT_JSON

Stubbed: the decoder that transformers takes for images that are given as paths, torchvision's or torchcodec's, which
does not load beside a torch without CUDA. Pillow stands in for it, by transformers' own `load_image`.

The whole file is given to the trainer, as its users do. Where that stops, every row is given alone, with the columns of
the file. A row is followed through preparation by its number, in a column that TRL carries along.
"""

import functools
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
from torchvision.transforms.functional import pil_to_tensor
from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration, image_processing_backends
from transformers.image_utils import load_image
from trl import SFTConfig, SFTTrainer

logging.disable(logging.CRITICAL)
disable_progress_bars()
warnings.simplefilter("ignore")
image_processing_backends.load_image_as_tensor = lambda image: pil_to_tensor(load_image(image))
TEMPLATES = pathlib.Path(trl.__file__).parent / "chat_templates"
NUMBER = "row_number"


@functools.cache
def small_model():
    text = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
            "num_key_value_heads": 1, "vocab_size": 152064,
            "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]}}  # fmt: skip
    vision = {"depth": 1, "embed_dim": 8, "hidden_size": 8, "num_heads": 1}
    config = Qwen2VLConfig(text_config=text, vision_config=vision)
    return Qwen2VLForConditionalGeneration(config)


def read(file):
    if os.path.isdir(file):
        return load_from_disk(file)
    ending = file.rpartition(".")[2]
    return load_dataset({"jsonl": "json"}.get(ending, ending), data_files=[file], split="train")


def trainer_of(rows, settings, processor):
    arguments = SFTConfig(
        output_dir="out",
        max_length=settings["cutoff_len"],
        completion_only_loss=settings.get("completion_only_loss"),
        assistant_only_loss=bool(settings.get("assistant_only_loss")),
        report_to=[],
        use_cpu=True,
        gradient_checkpointing=False,
        bf16=False,
        per_device_train_batch_size=1,
    )
    return SFTTrainer(small_model(), arguments, train_dataset=rows, processing_class=processor)


def told(error):
    return {"status": "error", "error": type(error).__name__, "message": str(error)[:300]}


def answer(batch, pads, films):
    ids, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
    sha = hashlib.sha256(json.dumps([ids, labels]).encode()).hexdigest()[:16]
    learned = sum(label != -100 for label in labels)
    fed = sum(int(rows.prod()) for rows in batch.get("image_grid_thw", ())) // 4
    shown = {"video_tokens": ids.count(films)} if films in ids else {}
    counts = {"len": len(ids), "labels": learned, "image_tokens": ids.count(pads), **shown}
    return {"status": "ok", **counts, "sha": sha, "fed": fed}


def answers_of(rows, settings, processor):
    pads = processor.tokenizer.convert_tokens_to_ids(["<|image_pad|>", "<|video_pad|>"])
    rows = rows.add_column(NUMBER, list(range(len(rows))))
    try:
        trainer = trainer_of(rows, settings, processor)
    except Exception as error:
        if len(rows) == 1:
            return [told(error)]
        alone = (rows.remove_columns(NUMBER).select([place]) for place in range(len(rows)))
        return [answers_of(row, settings, processor)[0] for row in alone]
    prepared = trainer.train_dataset
    numbers = prepared[NUMBER] if NUMBER in prepared.column_names else range(len(prepared))
    fed = trainer._remove_unused_columns(prepared)
    answers = [{"status": "dropped"} for _ in range(len(rows))]
    for place, number in enumerate(numbers):
        try:
            answers[number] = answer(trainer.data_collator([fed[place]]), *pads)
        except Exception as error:
            answers[number] = told(error)
    return answers


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
    model = given.get("model", "qwen2-vl")
    answers = {}
    for name, entry in given["files"].items():
        settings = entry["settings"]
        processor = processor_of(model, tokenizer, settings)
        try:
            answers[name] = answers_of(read(entry["file"]), settings, processor)
        except Exception as error:
            answers[name] = told(error)
    print("ANSWERS " + json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
