"""Runs inside the environment of an earlier LLaMA-Factory (0.9.1, 0.9.2): asks it about every row of a corpus; with
`batches` in the input it collates those rows of each entry, and writes the tensors to files.

PYTHON -m tests.trainers.judge_llamafactory VOCABULARY INPUT_JSON
"""

import json
import logging
import pathlib
import sys
from functools import partial

import torch

from tests.oracle.environment.oracle import Oracle
from tests.oracle.environment.tokenizer import make_tokenizer
from tests.trainers.batches import saved

logging.disable(logging.CRITICAL)


def processor_of(tokenizer):
    from transformers import Qwen2VLImageProcessor, Qwen2VLProcessor

    images = Qwen2VLImageProcessor(min_pixels=3136, max_pixels=12845056)
    return Qwen2VLProcessor(image_processor=images, tokenizer=tokenizer, chat_template=None)


class Earlier(Oracle):
    """The oracle on the interfaces of the versions before 0.9.3."""

    def __init__(self, folder, name, tokenizer, settings):
        import llamafactory
        from llamafactory.data.template import get_template_and_fix_tokenizer
        from llamafactory.hparams import DataArguments

        most, least = settings.pop("image_max_pixels"), settings.pop("image_min_pixels", None)
        self.version = llamafactory.extras.env.VERSION
        given = {"image_dir": None} if self.version == "0.9.1" else {"media_dir": None}
        self.data_args = DataArguments(template="qwen2_vl", dataset=name, dataset_dir=folder, **given, **settings)
        self.tokenizer, self.processor = tokenizer, processor_of(tokenizer)
        limits = {"image_max_pixels": most, "image_min_pixels": least, "video_max_pixels": 65536}
        limits |= {"video_min_pixels": 256, "video_fps": 2.0, "video_maxlen": 128}
        if self.version == "0.9.1":
            limits = {"image_resolution": most, "video_resolution": 16384, "video_fps": 2.0, "video_maxlen": 64}
        for key, value in limits.items():
            setattr(self.processor, key, value)
        self.template = get_template_and_fix_tokenizer(self.tokenizer, self.data_args)
        if self.version == "0.9.1":
            from llamafactory.data.preprocess import get_preprocess_and_print_func

            arguments = (self.data_args, "sft", self.template, self.tokenizer, self.processor)
            self.preprocess = get_preprocess_and_print_func(*arguments)[0]
        else:
            from llamafactory.data.loader import _get_dataset_processor

            arguments = (self.data_args, "sft", self.template, self.tokenizer, self.processor)
            self.preprocess = _get_dataset_processor(*arguments).preprocess_dataset

    def convert(self, attributes, row):
        if self.version != "0.9.1":
            return super().convert(attributes, row)
        from llamafactory.data import aligner

        convert = aligner.convert_alpaca if attributes.formatting == "alpaca" else aligner.convert_sharegpt
        return convert(row, attributes, self.data_args)

    def encode(self, converted):
        out = self.preprocess({key: [value] for key, value in converted.items()})
        return (out["input_ids"][0], out["labels"][0]) if out.get("input_ids") else None

    def batch(self, attributes, rows):
        from llamafactory.data import SFTDataCollatorWith4DAttentionMask

        converted = [self.convert(attributes, row) for row in rows]
        features = []
        for sample in converted:
            ids, labels = self.encode(sample)
            media = {name: sample[f"_{name}"] for name in ("images", "videos")}
            features.append({"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels, **media})
        collate = SFTDataCollatorWith4DAttentionMask(
            template=self.template, pad_to_multiple_of=8, label_pad_token_id=-100, attn_implementation="sdpa",
            compute_dtype=torch.float32, tokenizer=self.tokenizer, processor=self.processor,
        )  # fmt: skip
        return collate(features)


def answers_of(entry, given, tokenizer):
    settings = {key: value for key, value in entry["settings"].items() if value is not None and key != "trainer"}
    oracle = Earlier(given["folder"], entry["name"], tokenizer, settings)
    if "batches" not in given:
        return list(oracle.samples(entry["name"]))
    attributes, rows = oracle.rows(entry["name"])
    return saved(given, rows, partial(oracle.batch, attributes))


def main(vocabulary, input_file):
    given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))
    tokenizer = make_tokenizer(vocabulary, given.get("tokens", ()))
    answers = {entry["name"]: answers_of(entry, given, tokenizer) for entry in given["corpus"]["entries"]}
    print("ANSWERS " + json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
