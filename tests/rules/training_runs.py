"""A training run that is sound, what may be changed in it, and the codes of what is then found."""

import numpy as np

from validator.auditing.case import training_case
from validator.auditing.judge import training_findings
from validator.training.config import make_config
from validator.training.record import DataFacts
from validator.training.versions import Versions

SOUND = {
    "model_name_or_path": "Qwen/Qwen2-VL-7B-Instruct",
    "do_train": True,
    "finetuning_type": "full",
    "template": "qwen2_vl",
    "dataset": "a,b",
    "cutoff_len": 8192,
    "image_max_pixels": 1048576,
    "bf16": True,
    "per_device_train_batch_size": 1,
    "logging_nan_inf_filter": False,
}


BATCH = {"train_micro_batch_size_per_gpu": "auto", "gradient_accumulation_steps": "auto"}


ZERO2 = {**BATCH, "zero_optimization": {"stage": 2}, "bf16": {"enabled": "auto"}, "gradient_clipping": "auto"}


CHECKED = {**ZERO2, "bf16": {"enabled": True, "check_grad_overflow": True}}


CHECK = {"bf16": CHECKED["bf16"]}


UNCHECKED = {**ZERO2, "bf16": {"enabled": True, "check_grad_overflow": False}}


ZERO3 = {**ZERO2, "zero_optimization": {"stage": 3}}


NOW = {"deepspeed": "0.19.8", "torch": "2.9.0"}


FIVE, FOUR = {"transformers": "5.6.0"}, {"transformers": "4.57.1"}


LORA = {"finetuning_type": "lora"}


WARMUP = {"type": "WarmupLR", "params": {"warmup_num_steps": "auto", "warmup_max_lr": "auto"}}


def zero2(**changes):
    return {**ZERO2, "zero_optimization": {"stage": 2, **changes}}


def data(labels=(50,) * 20, images=(1,) * 20, videos=(0,) * 20, newest=None, kinds=None, media=()):
    rows, labels = len(labels), np.array(labels)
    counts = np.full(rows, 1000)
    return DataFacts(
        np.arange(rows),
        counts,
        labels,
        labels,
        np.array(images),
        np.array(videos),
        counts,
        newest=newest,
        kinds=kinds or {},
        media=frozenset(media),
    )


def codes(changes, deepspeed=None, versions=NOW, facts=None, gpus=None):
    if deepspeed is not None:
        changes = {**changes, "deepspeed": {key: value for key, value in deepspeed.items() if value is not ...}}
    given = {**SOUND, **changes}
    given = {key: value for key, value in given.items() if value is not ...}
    case = training_case(make_config(given), Versions(versions, frozenset(versions)), gpus, facts)
    return sorted(
        {finding.code for finding in training_findings(case)} - {"CF008"}
        if deepspeed
        else {finding.code for finding in training_findings(case)}
    )
