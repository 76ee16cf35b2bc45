"""LLaMA-Factory's own preprocessing and collator, as a run of supervised fine-tuning sets them up, without a model.

Row by row, so that an error stays with its row (`sample`), or the whole at once, as in training (`full`).
"""

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, load_dataset
from llamafactory.data import SFTDataCollatorWith4DAttentionMask, get_dataset
from llamafactory.data.parser import DatasetAttr, get_dataset_list
from llamafactory.data.template import get_template_and_fix_tokenizer
from llamafactory.extras.constants import FILEEXT2TYPE
from llamafactory.hparams import DataArguments, ModelArguments
from transformers import PreTrainedModel, PreTrainedTokenizerBase, ProcessorMixin, Seq2SeqTrainingArguments

from tests.oracle.environment.model import tiny_model
from tests.oracle.environment.processor import make_processor
from tests.oracle.environment.tokenizer import make_tokenizer

SAID = 400
"""Characters of an error's message that are kept."""


class Oracle:
    """The trainer on the datasets of a folder.

    `settings` are keys of a training file: those of ModelArguments (pixels, frames) and of DataArguments. Without a
    tokenizer, one token stands for each byte (see `make_tokenizer`).
    """

    def __init__(
        self,
        folder: str | Path,
        dataset: str | None = None,
        *,
        tokenizer: PreTrainedTokenizerBase | None = None,
        processor: ProcessorMixin | None = None,
        template: str = "qwen2_vl",
        **settings: Any,
    ) -> None:
        from llamafactory.data.loader import _get_dataset_processor
        from llamafactory.model.patcher import patch_processor

        of_model = {field.name for field in dataclasses.fields(ModelArguments)}
        model = {key: value for key, value in settings.items() if key in of_model}
        data = {key: value for key, value in settings.items() if key not in of_model}
        self.model_args = ModelArguments(model_name_or_path="offline", **model)
        self.data_args = DataArguments(template=template, dataset=dataset, dataset_dir=str(folder), **data)
        self.training_args = Seq2SeqTrainingArguments(tempfile.gettempdir(), use_cpu=True, report_to=[])
        self.tokenizer = tokenizer or make_tokenizer()
        self.processor = processor or make_processor(self.tokenizer)
        patch_processor(self.processor, self.tokenizer, self.model_args)
        self.template = get_template_and_fix_tokenizer(self.tokenizer, self.data_args)
        arguments = (self.data_args, "sft", self.template, self.tokenizer, self.processor)
        self.preprocess: Callable[[dict], dict] = _get_dataset_processor(*arguments).preprocess_dataset

    def full(self) -> Dataset:
        """The whole preprocessing, as `run_sft` calls it: one bad row ends it with the trainer's error."""
        arguments = (self.template, self.model_args, self.data_args, self.training_args, "sft")
        return get_dataset(*arguments, tokenizer=self.tokenizer, processor=self.processor)["train_dataset"]

    def rows(self, name: str) -> tuple[DatasetAttr, Dataset]:
        """What the registry says of a dataset, and its rows before they are converted."""
        (attributes,) = get_dataset_list([name], self.data_args.dataset_dir)
        place = Path(self.data_args.dataset_dir, attributes.dataset_name)
        files = [str(file) for file in place.iterdir()] if place.is_dir() else [str(place)]
        kind = FILEEXT2TYPE[Path(files[0]).suffix[1:]]
        return attributes, load_dataset(kind, data_files=files, split=attributes.split)

    def convert(self, attributes: DatasetAttr, row: dict) -> dict:
        """The trainer's standard form of a row: `_prompt`, `_response`, `_system`, `_tools`, `_images` ..."""
        from llamafactory.data.converter import get_dataset_converter

        return get_dataset_converter(attributes.formatting, attributes, self.data_args)(row)

    def encode(self, converted: dict) -> tuple[list[int], list[int]] | None:
        """(ids, labels) of a converted row, None where the trainer drops it."""
        made = self.preprocess({key: [value] for key, value in converted.items()})
        return (made["input_ids"][0], made["labels"][0]) if made.get("input_ids") else None

    def sample(self, attributes: DatasetAttr, row: dict, index: int) -> dict:
        """What becomes of a row, as JSON: `status` is ok, dropped or error."""
        try:
            stage = "convert"
            converted = self.convert(attributes, row)
            stage = "tokenize"
            encoded = self.encode(converted)
        except Exception as error:
            said = {"error": type(error).__name__, "message": str(error)[:SAID]}
            return {"index": index, "status": "error", "stage": stage, **said}
        if encoded is None:
            return {"index": index, "status": "dropped"}
        ids, labels = encoded
        image, video = self.tokenizer.convert_tokens_to_ids(["<|image_pad|>", "<|video_pad|>"])
        return {
            "index": index,
            "status": "ok",
            "len": len(ids),
            "labels": sum(label != -100 for label in labels),
            "image_tokens": ids.count(image),
            "video_tokens": ids.count(video),
            "sha": hashlib.sha256(json.dumps([ids, labels]).encode()).hexdigest()[:16],
        }

    def samples(self, name: str) -> Iterator[dict]:
        """What becomes of each row of a dataset."""
        attributes, rows = self.rows(name)
        return (self.sample(attributes, row, index) for index, row in enumerate(rows))

    def tiny_model(self) -> PreTrainedModel:
        """A model that the batches fit."""
        return tiny_model(self.tokenizer)

    def collator(self, model: PreTrainedModel) -> SFTDataCollatorWith4DAttentionMask:
        """As `run_sft` makes it; it takes what `feature` gives."""
        return SFTDataCollatorWith4DAttentionMask(
            template=self.template,
            model=model,
            pad_to_multiple_of=8,
            label_pad_token_id=-100,
            attn_implementation="sdpa",
            compute_dtype=torch.float32,
            tokenizer=self.tokenizer,
            processor=self.processor,
        )

    def feature(self, converted: dict) -> dict:
        """A converted row as the collator takes it."""
        ids, labels = self.encode(converted)
        media = {kind: converted[f"_{kind}"] for kind in ("images", "videos", "audios")}
        return {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels, **media}
