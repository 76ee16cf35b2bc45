"""Runs inside the environment with TRL: its SFTTrainer, with a small model, asked about every row of files.

    PYTHON -m tests.trainers.judge_trl VOCABULARY INPUT_JSON

Stubbed: the decoder that transformers takes for images that are given as paths, torchvision's or torchcodec's, which
does not load beside a torch without CUDA. Pillow stands in for it, by transformers' own `load_image`.

The whole file is given to the trainer, as its users do. Where that stops, every row is given alone, with the columns of
the file. A row is followed through preparation by its number, in a column that TRL carries along.
"""

import functools
import sys

from tests.trainers.judged_rows import answer, judge, told

# isort: split
from torchvision.transforms.functional import pil_to_tensor
from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration, image_processing_backends
from transformers.image_utils import load_image
from trl import SFTConfig, SFTTrainer

image_processing_backends.load_image_as_tensor = lambda image: pil_to_tensor(load_image(image))
NUMBER = "row_number"


@functools.cache
def small_model():
    text = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
            "num_key_value_heads": 1, "vocab_size": 152064,
            "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]}}  # fmt: skip
    vision = {"depth": 1, "embed_dim": 8, "hidden_size": 8, "num_heads": 1}
    config = Qwen2VLConfig(text_config=text, vision_config=vision)
    return Qwen2VLForConditionalGeneration(config)


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


def answers_of(rows, settings, model, processor, pads):
    rows = rows.add_column(NUMBER, list(range(len(rows))))
    try:
        trainer = trainer_of(rows, settings, processor)
    except Exception as error:
        if len(rows) == 1:
            return [told(error)]
        alone = (rows.remove_columns(NUMBER).select([place]) for place in range(len(rows)))
        return [answers_of(row, settings, model, processor, pads)[0] for row in alone]
    prepared = trainer.train_dataset
    numbers = prepared[NUMBER] if NUMBER in prepared.column_names else range(len(prepared))
    fed = trainer._remove_unused_columns(prepared)
    answers = [{"status": "dropped"} for _ in range(len(rows))]
    for place, number in enumerate(numbers):
        answers[number] = answer(lambda rows: trainer.data_collator([fed[rows[0]]]), place, pads)
    return answers


if __name__ == "__main__":
    judge(*sys.argv[1:], answers_of)
