"""What the trainer refuses only after data are read, preprocessed and the model is loaded: hours into a queue's slot.

Sources: `data/loader.py`, `data/data_utils.py` and `train/` of LLaMA-Factory 0.9.5, `optimization.py`, `trainer.py` and
`trainer_callback.py` of transformers 5.6.0, torch's DataLoader; the real trainer is asked about each
(tests/oracle/test_training_files.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from validator.training.record import DataFacts
from validator.training.refusal import Asked, RefusedRow, TrainingRefusal, as_mapping, refused
from validator.training.versions import Versions

_PLATEAU = frozenset(("mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "min_lr", "eps"))
_COSINE = frozenset(("num_cycles", "last_epoch"))
_LEAST = frozenset(("min_lr", "min_lr_rate"))
SCHEDULERS: dict[str, frozenset[str] | None] = {
    "linear": frozenset(("last_epoch",)),
    "cosine": _COSINE,
    "cosine_with_restarts": _COSINE,
    "polynomial": frozenset(("lr_end", "power", "last_epoch")),
    "constant": None,
    "constant_with_warmup": None,
    "inverse_sqrt": frozenset(("timescale", "last_epoch")),
    "reduce_lr_on_plateau": _PLATEAU,
    "cosine_with_min_lr": _COSINE | _LEAST,
    "cosine_warmup_with_min_lr": _COSINE | _LEAST | {"warmup_lr_rate"},
    "warmup_stable_decay": _COSINE
    | {"num_decay_steps", "num_stable_steps", "warmup_type", "decay_type", "min_lr_ratio"},
    "greedy": _PLATEAU | {"max_lr", "warmup", "smooth", "window_size", "reset_start", "verbose"},
}
"""The arguments of each scheduler; None: it takes none and leaves out what is given. Source: the signatures of
`optimization.py` in transformers 5.6.0 and of torch's ReduceLROnPlateau.
"""


def schedule_refusals(on: Asked) -> Iterator[TrainingRefusal]:
    """What `lr_scheduler_type` says to `lr_scheduler_kwargs`."""
    keys, name = ("lr_scheduler_kwargs", "lr_scheduler_type"), on.lr_scheduler_type
    known = SCHEDULERS.get(name) if isinstance(name, str) else None
    if known is None:
        return
    given = as_mapping(on.lr_scheduler_kwargs)
    given = {} if given is None else given
    if not isinstance(given, dict):
        words = "argument after ** must be a mapping"
        yield TrainingRefusal(keys[:1], words, "Write a mapping, or remove it.", "TypeError", "training")
        return
    if strange := sorted(set(map(str, given)) - known):
        takes = ", ".join(sorted(known - {"last_epoch"})) or "none"
        words = f"got an unexpected keyword argument '{strange[0]}'"
        yield TrainingRefusal(keys, words, f"The arguments of {name} are: {takes}.", "TypeError", "training")
    elif fault := _schedule_fault(name, given, on):
        yield TrainingRefusal(keys, *fault, "ValueError", "training")


def _schedule_fault(name: str, given: dict[str, Any], on: Asked) -> tuple[str, str] | None:
    """The trainer's words and what to do, of known arguments."""
    if name in ("cosine_with_min_lr", "cosine_warmup_with_min_lr"):
        least = [key for key in sorted(_LEAST) if given.get(key) is not None]
        if not least:
            words = "One of min_lr or min_lr_rate should be set through the `lr_scheduler_kwargs`"
            return words, "Write lr_scheduler_kwargs: {min_lr_rate: 0.1}."
        if len(least) == 2:
            return "Only one of min_lr or min_lr_rate should be set", "Remove one of the two."
    end = given.get("lr_end", 1e-7)
    if name == "polynomial" and isinstance(end, (int, float)) and end >= on.learning_rate:
        words = f"lr_end ({end}) must be smaller than initial lr ({on.learning_rate})"
        return words, "Lower `lr_end`, or raise `learning_rate`."
    factor = given.get("factor", 0.1)
    if name in ("reduce_lr_on_plateau", "greedy") and isinstance(factor, (int, float)) and factor >= 1:
        return "Factor should be < 1.0.", "Write a factor below 1."
    if "mode" in given and given["mode"] not in ("min", "max"):
        return f"mode {given['mode']} is unknown!", "Write min or max."
    return None


def split_refusals(on: Asked, rows: int | None) -> Iterator[TrainingRefusal]:
    """What `val_size` does to the rows that are loaded (`rows`, None where not known)."""
    if not on.holds_out or on.streaming or on.eval_dataset is not None:
        return
    size = int(on.val_size) if on.val_size > 1 else on.val_size
    if isinstance(size, int):
        whole = rows is not None and size >= rows
    else:
        whole = size >= 1 or (rows is not None and math.ceil(size * rows) >= rows)
    if whole:
        of = "" if rows is None else f" {rows:,}"
        one = ", or val_size: 1 for one row" if isinstance(size, float) and size >= 1 else ""
        yield TrainingRefusal(
            ("val_size",),
            f"test_size={size} should be either positive and smaller than the number of samples{of} or a float in the "
            "(0, 1) range"
            if isinstance(size, int) or size >= 1
            else f"With n_samples={rows}, test_size={size} and train_size=None, the resulting train set will be empty.",
            f"Hold out fewer rows: val_size: 0.1{one}.",
            stage="data",
        )


METRICS = ("loss", "runtime", "samples_per_second", "steps_per_second", "epoch")
"""What an evaluation gives."""


def _metric_missing(on: Asked) -> bool:
    """Whether the metric that the best model is chosen by is none that an evaluation gives."""
    chooses = on.load_best_model_at_end or on.save_strategy == "best" or on.lr_scheduler_type == "reduce_lr_on_plateau"
    metric = best_metric(on)
    if not chooses or metric is None or on.eval_strategy == "no" or on.eval_on_each_dataset:
        return False
    return metric.removeprefix("eval_") not in (*METRICS, *(("accuracy",) if on.compute_accuracy else ()))


def best_metric(on: Asked) -> str | None:
    """`metric_for_best_model` as transformers fills it in."""
    if on.metric_for_best_model is not None:
        return str(on.metric_for_best_model)
    fills = on.load_best_model_at_end or on.lr_scheduler_type in ("reduce_lr_on_plateau", "greedy")
    return "loss" if fills else None


_EIGHT_BIT = ("adamw_bnb_8bit", "adamw_8bit", "paged_adamw_8bit")


def _dispatches(config: Any) -> bool:
    """Whether accelerate's first process reads batches for all, as it does for streamed data unless told not to."""
    config = as_mapping(config)
    return not (isinstance(config, dict) and config.get("dispatch_batches") is False)


LATE: tuple[RefusedRow, ...] = (
    RefusedRow(
        "streaming dataloader_num_workers",
        lambda on: on.streaming and on.dataloader_num_workers == 0 and not on.tokenized_path,
        "a data file of this machine is streamed in as many shards as there are workers: there are none, and no row",
        "Set dataloader_num_workers: 1 or more.",
        "StopIteration",
        "data",
    ),
    RefusedRow(
        "streaming accelerator_config",
        lambda on: on.streaming and on.dataloader_num_workers > 0 and _dispatches(on.accelerator_config),
        "accelerate cuts every tensor of a streamed batch to the number of rows, pixels too: The size of tensor a must "
        "match the size of tensor b",
        "Write accelerator_config: {dispatch_batches: false}.",
        "RuntimeError",
        "training",
    ),
    RefusedRow(
        "dataloader_prefetch_factor",
        lambda on: (
            on.dataloader_num_workers > 0
            and on.dataloader_prefetch_factor is not None
            and on.dataloader_prefetch_factor < 1
        ),
        "prefetch_factor must be greater than 0",
        "Write 2, or remove it.",
        stage="training",
    ),
    RefusedRow(
        "quantization_bit quantization_method",
        lambda on: (
            on.finetuning_type in ("lora", "oft")
            and on.quantization_bit not in (None, 4, 8)
            and on.config.given.get("quantization_method", "bnb") == "bnb"
        ),
        "Bitsandbytes only accepts 4-bit or 8-bit quantization.",
        "Write 4 or 8.",
        stage="model",
    ),
    RefusedRow(
        "image_max_pixels",
        lambda on: on.image_min_pixels <= on.image_max_pixels <= 0,
        "height and width must be > 0",
        "Write a number of pixels, such as 1048576.",
        stage="data",
    ),
    RefusedRow(
        "flash_attn",
        lambda on: on.flash_attn == "fa3",
        "Unknown attention type: fa3",
        "Write fa2: fa3 is accepted, and only known to other models.",
        "NotImplementedError",
        "model",
    ),
    RefusedRow(
        "freeze_vision_tower freeze_multi_modal_projector freeze_language_model",
        lambda on: (
            on.finetuning_type == "full"
            and on.freeze_vision_tower
            and on.freeze_multi_modal_projector
            and on.freeze_language_model
        ),
        "element 0 of tensors does not require grad and does not have a grad_fn",
        "Leave a part of the model to train: all three are frozen.",
        "RuntimeError",
        "training",
    ),
    RefusedRow(
        "split_special_tokens",
        lambda on: on.split_special_tokens and on.stage == "sft",
        "Image features and image tokens do not match",
        "Remove `split_special_tokens`: image tokens are split, too.",
        stage="training",
    ),
    RefusedRow(
        "optim_args",
        lambda on: isinstance(on.optim_args, str) and any(part.count("=") != 1 for part in on.optim_args.split(",")),
        "not enough values to unpack (expected 2, got 1)",
        "Write optim_args: name=value, with commas between several.",
        stage="training",
    ),
    RefusedRow(
        "max_samples",
        lambda on: on.max_samples is not None and on.max_samples <= 0,
        "no row is left",
        "Write a number above 0, or remove it.",
        "StopIteration",
        "data",
    ),
    RefusedRow(
        "predict_with_generate do_train",
        lambda on: on.predict_with_generate and on.do_train,
        "Multimodal data was passed (via `image_grid_thw` or `video_grid_thw`) but `mm_token_type_ids` is missing.",
        "Train without it, and predict in a run of its own.",
        stage="training",
        since="transformers 5.0",
    ),
    RefusedRow(
        "use_galore optim",
        lambda on: on.use_galore and on.optim not in ("adamw_torch", *_EIGHT_BIT, "adafactor"),
        "Unknown optim",
        "Write optim: adamw_torch.",
        "NotImplementedError",
        "training",
    ),
    RefusedRow(
        "use_apollo optim",
        lambda on: on.use_apollo and on.optim != "adamw_torch",
        "Unknown optim",
        "Write optim: adamw_torch.",
        "NotImplementedError",
        "training",
    ),
    RefusedRow(
        "metric_for_best_model",
        _metric_missing,
        "The `metric_for_best_model` training argument is not found in the evaluation metrics.",
        "Write metric_for_best_model: loss.",
        "KeyError",
        "evaluation",
    ),
    RefusedRow(
        "streaming tokenized_path",
        lambda on: on.streaming and on.tokenized_path,
        "Turn off `streaming` when saving dataset to disk.",
        "Remove one of the two.",
        stage="data",
    ),
    RefusedRow(
        "max_steps logging_steps",
        lambda on: on.max_steps == 0 and on.logging_strategy == "steps" and 0 < on.logging_steps < 1,
        "integer modulo by zero",
        "A share of no steps is none: write a whole number of logging_steps, or remove max_steps.",
        "ZeroDivisionError",
        "training",
    ),
    RefusedRow(
        "max_steps streaming",
        lambda on: on.streaming and on.max_steps != -1 and on.max_steps <= 0,
        "The train_dataset does not implement __len__, max_steps has to be specified.",
        "Say how many steps the run has: max_steps: NUMBER.",
        stage="training",
    ),
    RefusedRow(
        "save_strategy metric_for_best_model",
        lambda on: on.save_strategy == "best" and not on.load_best_model_at_end and on.metric_for_best_model is None,
        "`args.metric_for_best_model` must be provided when using 'best' save_strategy",
        "Write metric_for_best_model: loss.",
        stage="training",
    ),
    RefusedRow(
        "dataloader_persistent_workers dataloader_num_workers",
        lambda on: on.dataloader_persistent_workers and on.dataloader_num_workers == 0,
        "persistent_workers option needs num_workers > 0",
        "Set dataloader_num_workers: 4, or remove `dataloader_persistent_workers`.",
        stage="training",
    ),
    RefusedRow(
        "early_stopping_steps eval_strategy",
        lambda on: on.has("early_stopping_steps") and on.eval_strategy == "no",
        "EarlyStoppingCallback requires IntervalStrategy of steps or epoch",
        "Evaluate (eval_strategy: steps), or remove `early_stopping_steps`.",
        "AssertionError",
        "training",
    ),
    RefusedRow(
        "early_stopping_steps metric_for_best_model",
        lambda on: on.has("early_stopping_steps") and on.eval_strategy != "no" and best_metric(on) is None,
        "EarlyStoppingCallback requires metric_for_best_model to be defined",
        "Write metric_for_best_model: loss.",
        "AssertionError",
        "training",
    ),
    RefusedRow(
        "eval_on_start eval_dataset val_size",
        lambda on: on.eval_on_start and on.eval_dataset is None and not on.holds_out,
        "Trainer: evaluation requires an eval_dataset.",
        "Name rows to evaluate on, or remove `eval_on_start`.",
        stage="evaluation",
    ),
)


def pack_refusals(on: Asked, data: DataFacts) -> Iterator[TrainingRefusal]:
    """What `neat_packing` does where no row has an image: the collator adds one to each pack, after its mask."""
    if on.neat_packing and on.flash_attn not in ("fa2", "fa3") and not (data.images + data.videos).any():
        words = "The size of tensor a must match the size of tensor b"
        fix = "Set flash_attn: fa2, or packing: false."
        yield TrainingRefusal(("neat_packing",), words, fix, "RuntimeError", "training")


def late_refusals(asked: Asked, versions: Versions, data: DataFacts | None = None) -> Iterator[TrainingRefusal]:
    """What the trainer refuses once it has read the data (None where not known)."""
    yield from split_refusals(asked, None if data is None else data.loaded)
    yield from refused(LATE, asked, versions)
    yield from schedule_refusals(asked)
    if data is not None:
        yield from pack_refusals(asked, data)
