"""Settings of the training file that the trainer refuses together.

## What it finds
Combinations at which LLaMA-Factory or transformers stops before training, in the trainer's words, and a file in which
`do_train` is not set, with which nothing is trained.

## Why it hurts
The run ends before it begins, on a cluster after the queue: `ValueError: Adapter is only valid for the LoRA method.`

## Example
`mask_history: true` with `train_on_prompt: true`.

## What to do
Remove one of the two.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.config import TrainingConfig
from validator.training.record import TrainingCase


@training_rule("CF002", "training-arguments-refused", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Ask what the trainer would refuse."""
    for keys, reason in refusals(case.config, case.zero_stage):
        yield Hit(
            f"{' with '.join(f'`{key}`' for key in keys)}: the trainer stops with ValueError: {reason}",
            "Change one of them.",
            evidence={"keys": list(keys)},
        )
    if not case.config["do_train"]:
        yield Hit("`do_train` is not set: nothing is trained", "Set do_train: true.", evidence={"keys": ["do_train"]})


def refusals(config: TrainingConfig, zero_stage: int | None) -> Iterator[tuple[tuple[str, ...], str]]:
    """(keys, the trainer's words). Source: `hparams/*.py` of LLaMA-Factory 0.9.5, transformers' TrainingArguments."""
    on = config.__getitem__
    lora = config["finetuning_type"] == "lora"
    holds_out = config["val_size"] > 1e-6
    conditions = (
        (on("model_name_or_path") is None, ("model_name_or_path",), "Please provide `model_name_or_path`."),
        (on("do_train") and not config.names("dataset"), ("dataset",), "Please specify dataset for training."),
        (
            on("eval_dataset") is not None and holds_out,
            ("val_size", "eval_dataset"),
            "Cannot specify `val_size` if `eval_dataset` is not None.",
        ),
        (
            on("do_eval") and on("eval_dataset") is None and not holds_out,
            ("do_eval", "eval_dataset"),
            "Please make sure eval_dataset be provided or val_size >1e-6",
        ),
        (
            on("interleave_probs") is not None and on("mix_strategy") == "concat",
            ("interleave_probs", "mix_strategy"),
            "`interleave_probs` is only valid for interleaved mixing.",
        ),
        (
            on("streaming") and holds_out and on("val_size") < 1,
            ("streaming", "val_size"),
            "Streaming mode should have an integer val size.",
        ),
        (
            on("streaming") and on("max_samples") is not None,
            ("max_samples", "streaming"),
            "`max_samples` is incompatible with `streaming`.",
        ),
        (
            on("streaming") and on("max_steps") == -1,
            ("streaming", "max_steps"),
            "Please specify `max_steps` in streaming mode.",
        ),
        (
            on("mask_history") and on("train_on_prompt"),
            ("mask_history", "train_on_prompt"),
            "`mask_history` is incompatible with `train_on_prompt`.",
        ),
        (
            not 0 <= on("seed") < 2**32,
            ("seed",),
            "Seed must be between 0 and 2**32 - 1",
        ),
        (
            on("image_max_pixels") < on("image_min_pixels"),
            ("image_max_pixels", "image_min_pixels"),
            "`image_max_pixels` cannot be smaller than `image_min_pixels`.",
        ),
        (
            on("video_max_pixels") < on("video_min_pixels"),
            ("video_max_pixels", "video_min_pixels"),
            "`video_max_pixels` cannot be smaller than `video_min_pixels`.",
        ),
        (
            on("neat_packing") and on("stage") != "sft",
            ("neat_packing", "stage"),
            "`neat_packing` cannot be set as True except SFT.",
        ),
        (
            on("adapter_name_or_path") is not None and not lora,
            ("adapter_name_or_path", "finetuning_type"),
            "Adapter is only valid for the LoRA method.",
        ),
        (
            on("quantization_bit") is not None and on("finetuning_type") not in ("lora", "oft"),
            ("quantization_bit", "finetuning_type"),
            "Quantization is only compatible with the LoRA or OFT method.",
        ),
        (
            on("bf16") and on("fp16"),
            ("fp16", "bf16"),
            "At most one of fp16 and bf16 can be True, but not both",
        ),
        (
            on("pure_bf16") and zero_stage == 3,
            ("pure_bf16", "deepspeed"),
            "`pure_bf16` is incompatible with DeepSpeed ZeRO-3.",
        ),
        (
            zero_stage is not None and (on("use_galore") or on("use_apollo")),
            ("deepspeed", "use_galore" if on("use_galore") else "use_apollo"),
            "GaLore and APOLLO are incompatible with DeepSpeed yet.",
        ),
    )
    yield from ((keys, reason) for holds, keys, reason in conditions if holds)


RULE = check
