"""Kinds of values of a training file: what matters to code that does not check types. And what a key matters beside."""

from __future__ import annotations

import math
from typing import Any

KINDS = {
    "null": "null",
    "true": "true",
    "false": "false",
    "negative": "-1",
    "zero": "0",
    "one": "1",
    "whole": "16",
    "negative fraction": "-0.5",
    "fraction": "0.5",
    "large fraction": "16.5",
    "whole as fraction": "16.0",
    "one as fraction": "1.0",
    "zero as fraction": "0.0",
    "infinity": ".inf",
    "no number": ".nan",
    "empty text": '""',
    "number as text": '"16"',
    "fraction as text": '"0.5"',
    "text": "text",
    "empty list": "[]",
    "list": "[text]",
    "list of numbers": "[16]",
    "empty mapping": "{}",
    "mapping": "{a: 1}",
}
"""Every kind, with a value of it in YAML."""

CONTEXTS = {
    "": "",
    "lora": "finetuning_type: lora\n",
    "oft": "finetuning_type: oft\n",
    "freeze": "finetuning_type: freeze\n",
    "evaluation": "val_size: 2\neval_strategy: steps\neval_steps: 1\n",
    "streaming": "streaming: true\nmax_steps: 2\ndataloader_num_workers: 1\n"
    "accelerator_config: {dispatch_batches: false}\n",
    "dpo": "stage: dpo\ndataset: pairs\nfinetuning_type: lora\n",
}
"""What a key matters beside: lines of a training file."""
_KEYS = {
    "lora": "lora_alpha lora_dropout lora_rank lora_target loraplus_lr_embedding loraplus_lr_ratio use_rslora use_dora "
    "pissa_init pissa_iter pissa_convert create_new_adapter additional_target adapter_name_or_path",
    "oft": "oft_block_size oft_rank oft_target module_dropout",
    "freeze": "freeze_trainable_layers freeze_trainable_modules freeze_extra_modules use_llama_pro",
    "evaluation": "val_size eval_steps eval_delay eval_accumulation_steps eval_on_start eval_strategy "
    "eval_on_each_dataset per_device_eval_batch_size prediction_loss_only batch_eval_metrics metric_for_best_model "
    "greater_is_better load_best_model_at_end compute_accuracy early_stopping_steps include_for_metrics "
    "eval_do_concat_batches eval_use_gather_object do_eval bf16_full_eval fp16_full_eval",
    "streaming": "streaming buffer_size",
    "dpo": "pref_beta pref_ftx pref_loss pref_bco_weight dpo_label_smoothing simpo_gamma ld_alpha ref_model "
    "ref_model_adapters ref_model_quantization_bit",
}
_CONTEXT = {key: context for context, keys in _KEYS.items() for key in keys.split()}


def context_of(key: str) -> str:
    """The name of the context beside which a key matters; empty where it always does."""
    return _CONTEXT.get(key, "")


def kind_of_value(value: Any) -> str:
    """The kind of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return "negative" if value < 0 else {0: "zero", 1: "one"}.get(value, "whole")
    if isinstance(value, float):
        return _of_float(value)
    if isinstance(value, str):
        if not value:
            return "empty text"
        return _of_text(value.strip())
    if isinstance(value, dict):
        return "mapping" if value else "empty mapping"
    if not value:
        return "empty list"
    return "list" if isinstance(value[0], str) else "list of numbers"


def _of_text(text: str) -> str:
    if text.lstrip("+-").isdecimal():
        return "number as text"
    try:
        float(text)
    except ValueError:
        return "text"
    return "fraction as text" if any(letter.isdecimal() for letter in text) else "text"  # `nan` is text


def _of_float(value: float) -> str:
    if math.isnan(value):
        return "no number"
    if math.isinf(value):
        return "infinity"
    if value < 0:
        return "negative fraction"
    if value.is_integer():
        return {0.0: "zero as fraction", 1.0: "one as fraction"}.get(value, "whole as fraction")
    return "fraction" if value < 1 else "large fraction"
