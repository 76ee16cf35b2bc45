"""Runs inside the environment with axolotl: what it makes of configurations.

    PYTHON -m tests.trainers.judge_axolotl_file VOCABULARY INPUT_JSON

Each is put to axolotl's own check of configurations, and where `whole`, its data are loaded and put together by its own
functions, and given to the collator that its builder would choose. Packages of it that only report are stubbed.
"""

import json
import pathlib
import sys

from tests.trainers import axolotl_stubs  # noqa: F401

# isort: split
from tests.trainers.judge_axolotl import answers_of
from tests.trainers.judged_rows import PADS, processor_of

# isort: split
from axolotl.utils.collators import BatchSamplerDataCollatorForSeq2Seq
from axolotl.utils.config import validate_config
from axolotl.utils.data.sft import _load_and_process_single_dataset
from axolotl.utils.data.shared import datasets_with_name_generator, merge_datasets
from axolotl.utils.dict import DictDefault
from axolotl.utils.trainer import calculate_total_num_steps
from transformers import DataCollatorForSeq2Seq

from tests.oracle.environment.tokenizer import make_tokenizer

SETTINGS = {"image_min_pixels": 3136, "image_max_pixels": 12845056}


def stopped(make):
    """What is made, or what it stops with."""
    try:
        return None, make()
    except Exception as error:
        said = [".".join(map(str, item["loc"])) for item in error.errors()] if hasattr(error, "errors") else str(error)
        return [type(error).__name__, said], None


def asked(values, whole, processor, pads):
    error, config = stopped(lambda: validate_config(DictDefault(json.loads(json.dumps(values)))))
    if error:
        return {"config": error}
    left = [key for key in values if key not in config]
    answer = {"config": None, "left": left, "values": {key: plain(config[key]) for key in values if key in config}}
    return answer | (loaded(config, processor, pads) if whole else {})


def plain(value):
    try:
        return json.loads(json.dumps(value, default=lambda other: getattr(other, "value", str(other))))
    except (TypeError, ValueError):
        return str(value)


def loaded(config, processor, pads):
    """The rows that training comes to, and what the collator makes of them."""
    config.shuffle_merged_datasets, config.dataset_num_proc = False, 1
    config.micro_batch_size, config.batch_size, config.world_size = 1, 1, 1

    def rows():
        made = [
            _load_and_process_single_dataset(
                part, config, processor.tokenizer, "train", 42, processor=processor if config.processor_type else None
            )[0]
            for part in datasets_with_name_generator(config.datasets)
        ]
        return merge_datasets(made, config)

    error, made = stopped(rows)
    if error:
        return {"data": error}
    answer = {"data": None, "columns": made.column_names, "number": len(made)}
    if config.sample_packing:
        error, _ = stopped(lambda: calculate_total_num_steps(config, made))
        packed = BatchSamplerDataCollatorForSeq2Seq(processor.tokenizer, return_tensors="pt")
        first = stopped(lambda: packed([[dict(made[0])]]))[0]
        return answer | {"begin": error and first, "rows": []}
    if not config.processor_type:
        collate = DataCollatorForSeq2Seq(processor.tokenizer, return_tensors="pt")
        return answer | {"begin": stopped(lambda: collate([dict(made[0])]))[0], "rows": []}
    return answer | {"begin": None, "rows": answers_of(made, SETTINGS, "qwen2-vl", processor, pads)}


def main(vocabulary, input_file):
    given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))
    tokenizer = make_tokenizer(vocabulary, ())
    pads = tokenizer.convert_tokens_to_ids(PADS)
    answers = [
        asked(values, given["whole"], processor_of("qwen2-vl", tokenizer, SETTINGS), pads) for values in given["files"]
    ]
    print("ANSWERS " + json.dumps(answers), file=sys.__stdout__)


if __name__ == "__main__":
    sys.stdout = sys.stderr
    main(*sys.argv[1:])
