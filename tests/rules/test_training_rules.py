"""The CF rules: configurations that they must find, exactly, and configurations that they must leave alone."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from validator.audit.case import training_case
from validator.audit.judge import training_findings
from validator.rules.registry import all_rules
from validator.settings import Settings
from validator.training.config import make_config
from validator.training.record import DataFacts
from validator.training.versions import Versions, find_versions

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


BUCKETS = zero2(reduce_bucket_size=2e8, overlap_comm=False, allgather_bucket_size=5e8)
BAD = {
    "mistyped key": ({"image_max_pixel": 1}, {}, "CF001"),
    "key of an earlier release": ({"image_resolution": 512}, {}, "CF001"),
    "key of transformers 4": ({"group_by_length": True}, {}, "CF001"),
    "two that exclude each other": ({"mask_history": True, "train_on_prompt": True}, {}, "CF002"),
    "adapter without lora": ({"adapter_name_or_path": "x"}, {}, "CF002"),
    "nothing is trained": ({"do_train": False}, {}, "CF002"),
    "text for a switch": ({"neat_packing": "false"}, {}, "CF003"),
    "text for a number": ({"cutoff_len": "8k"}, {}, "CF002"),
    "word that is none of the choices": ({"flash_attn": "fa4"}, {}, "CF002"),
    "no, without quotation marks": ({"eval_strategy": False}, {}, "CF002"),
    "scheduler's argument": ({"lr_scheduler_kwargs": {"min_lr": 0.1}}, {}, "CF002"),
    "whole data set held out": ({"val_size": 1.0}, {}, "CF002"),
    "rows held out": ({"val_size": 20}, {"facts": replace(data(), loaded=20)}, "CF002"),
    "streaming without workers": ({"streaming": True, "max_steps": 9}, {}, "CF002 CF022"),
    "generation in training": ({"predict_with_generate": True, "val_size": 0.1}, {}, "CF002"),
    "text where nothing looks": ({"lora_rank": "8"}, {}, "CF023"),
    "number for a switch": ({"dataloader_drop_last": 1}, {}, "CF002"),
    "number for a switch that minds nothing": ({"ddp_broadcast_buffers": 1}, {}, "CF023"),
    "all frozen": ({"freeze_language_model": True}, {}, "CF002"),
    "FlashAttention 3": ({"flash_attn": "fa3"}, {}, "CF002"),
    "word of an earlier release": (
        {"quantization_method": "bitsandbytes", "quantization_bit": 4, "finetuning_type": "lora"},
        {},
        "CF025",
    ),
    "0.14.4": ({}, {"deepspeed": ZERO2, "versions": {"deepspeed": "0.14.4"}}, "CF004"),
    "0.14.4 with a switch that it does not know": (
        {},
        {"deepspeed": CHECKED, "versions": {"deepspeed": "0.14.4"}},
        "CF004 CF027",
    ),
    "0.17.0": ({}, {"deepspeed": ZERO2, "versions": {"deepspeed": "0.17.0"}}, "CF004"),
    "0.18.2, whose check is off by default": ({}, {"deepspeed": ZERO2, "versions": {"deepspeed": "0.18.2"}}, "CF004"),
    "check switched off": ({}, {"deepspeed": UNCHECKED}, "CF005"),
    "no DeepSpeed": ({}, {}, "CF006"),
    "ZeRO-3 of 0.19.0": ({}, {"deepspeed": ZERO3, "versions": {"deepspeed": "0.19.0"}}, "CF006"),
    "version not known": ({}, {"deepspeed": ZERO2, "versions": {}}, "CF006"),
    "overlap": (
        {},
        {
            "deepspeed": {**zero2(overlap_comm=True), "bf16": {"enabled": True, "check_grad_overflow": True}},
            "versions": {"deepspeed": "0.18.2"},
        },
        "CF007",
    ),
    "accumulation differs": ({}, {"deepspeed": {**ZERO2, "gradient_accumulation_steps": 8}}, "CF009"),
    "total batch differs": ({}, {"deepspeed": {**ZERO2, "train_batch_size": 32}, "gpus": 8}, "CF009"),
    "clipping differs": ({}, {"deepspeed": {**ZERO2, "gradient_clipping": 0.5}}, "CF009"),
    "precision differs": ({"bf16": False}, {"deepspeed": {**ZERO2, "bf16": {"enabled": True}}}, "CF009"),
    "file that is not there": ({"deepspeed": "nowhere/ds.json"}, {}, "CF009"),
    "no clipping": ({"max_grad_norm": 0}, {"deepspeed": {**ZERO2, "gradient_clipping": "auto"}}, "CF010"),
    "clipping that 0.19.2 does not do by default": (
        {},
        {"deepspeed": {**CHECKED, "gradient_clipping": ...}, "versions": {"deepspeed": "0.19.2"}},
        "CF010",
    ),
    "clipping at DeepSpeed's default": (
        {"max_grad_norm": 0.5},
        {"deepspeed": {**ZERO2, "gradient_clipping": ...}},
        "CF028",
    ),
    "stage 3 as text": ({}, {"deepspeed": zero2(stage="3")}, "CF028"),
    "unknown key of ZeRO": ({}, {"deepspeed": zero2(reduce_bucket_sizes=1)}, "CF026"),
    "fraction of an element": ({}, {"deepspeed": zero2(reduce_bucket_size=1.5)}, "CF026"),
    "stage 4": ({}, {"deepspeed": zero2(stage=4)}, "CF006 CF026"),
    "auto that nothing fills": ({}, {"deepspeed": zero2(overlap_comm="auto")}, "CF026"),
    "bucket of nothing from 0.19.6 on": ({}, {"deepspeed": zero2(reduce_bucket_size=0)}, "CF026"),
    "removed key that is off": ({}, {"deepspeed": {**ZERO2, "sparse_gradients": False}}, "CF026"),
    "no warmup from 0.19.3 on": ({}, {"deepspeed": {**ZERO2, "scheduler": WARMUP}}, "CF026"),
    "mistyped key at the top": ({}, {"deepspeed": {**ZERO2, "gradient_cliping": 1.0}}, "CF027"),
    "fp16": ({"fp16": True, "bf16": False}, {}, "CF011"),
    "fp16 in DeepSpeed's file alone": (
        {"bf16": False},
        {"deepspeed": {**ZERO2, "fp16": {"enabled": True}}},
        "CF009 CF011",
    ),
    "filter": ({"logging_nan_inf_filter": ...}, {}, "CF012"),
    "template of another model": ({"template": "qwen"}, {}, "CF013"),
    "template that does not exist": ({"template": "qwen2-vl"}, {}, "CF013"),
    "template without images": ({"template": "llama3"}, {"facts": data(media={"image"})}, "CF013"),
    "no template over videos": ({"template": ...}, {"facts": data(media={"video"})}, "CF013"),
    "text template over images, any model": (
        {"template": "chatml", "model_name_or_path": "Qwen/Qwen2.5-0.5B-Instruct"},
        {"facts": data(media={"image"})},
        "CF013",
    ),
    "marks of another family": ({"template": "llava"}, {}, "CF013"),
    "thoughts for an Instruct model": (
        {"template": "qwen3_vl", "model_name_or_path": "Qwen/Qwen3-VL-4B-Instruct"},
        {},
        "CF038",
    ),
    "no thoughts for a Thinking model": (
        {"template": "qwen3_vl_nothink", "model_name_or_path": "Qwen/Qwen3-VL-30B-A3B-Thinking"},
        {},
        "CF038",
    ),
    "template of the family before": (
        {"template": "qwen2_vl", "model_name_or_path": "Qwen/Qwen3-VL-4B-Instruct"},
        {},
        "CF038",
    ),
    "text template over text": ({"template": "qwen"}, {"facts": data()}, "CF038"),
    "no template": ({"template": ...}, {}, "CF013"),
    "cutoff 8190": ({"neat_packing": True, "cutoff_len": 8190}, {}, "CF014"),
    "packs of text": ({"neat_packing": True}, {"facts": data(images=(1,) * 10 + (0,) * 10)}, "CF015"),
    "plain packing": ({"packing": True}, {}, "CF015"),
    "image larger than the cutoff": ({"image_max_pixels": 12845056}, {}, "CF016"),
    "many large images": ({}, {"facts": data(images=(1,) * 19 + (7,))}, "CF016"),
    "short answers": ({}, {"facts": data(labels=(3,) * 20 + (300,) * 10, images=(1,) * 30, videos=(0,) * 30)}, "CF017"),
    "images and videos under ZeRO-3": (
        {},
        {"deepspeed": ZERO3, "facts": data(videos=(0,) * 10 + (1,) * 10)},
        "CF018",
    ),
    "pure BF16": ({"pure_bf16": True}, {}, "CF020"),
    "torch 2.5": ({}, {"versions": {"torch": "2.5.1+cu121"}}, "CF021"),
    "text as it stands": ({"split_special_tokens": True}, {}, "CF002 CF022"),
    "another stage": ({"stage": "dpo"}, {}, "CF022"),
    "label smoothing": ({"label_smoothing_factor": 0.1}, {}, "CF029"),
    "label smoothing of a folder, by the template": (
        {"label_smoothing_factor": 0.1, "model_name_or_path": "stage1"},
        {},
        "CF029",
    ),
    "ratio of 0 over steps": ({"warmup_steps": 5, "warmup_ratio": 0.0}, {}, "CF030"),
    "ratio over steps": ({"warmup_steps": 5, "warmup_ratio": 0.1}, {"versions": {**NOW, **FIVE}}, "CF030"),
    "steps over ratio": ({"warmup_steps": 5, "warmup_ratio": 0.1}, {"versions": {**NOW, **FOUR}}, "CF030"),
    "ratio of one": ({"warmup_ratio": 1.0}, {"versions": {**NOW, **FIVE}}, "CF030"),
    "share as steps before 5.0": ({"warmup_steps": 0.1}, {"versions": {**NOW, **FOUR}}, "CF002"),
    "max_steps over epochs": ({"max_steps": 1000, "num_train_epochs": 2}, {}, "CF031"),
    "max_steps over epochs of known rows": (
        {"max_steps": 41, "num_train_epochs": 2},
        {"facts": data(), "gpus": 1},
        "CF031",
    ),
    "no epoch": ({"num_train_epochs": 0}, {}, "CF032"),
    "no step": ({"max_steps": 0}, {}, "CF032"),
    "warm-up of the whole run": ({"warmup_steps": 60}, {"facts": data(), "gpus": 1}, "CF034"),
    "warm-up of more than the run on any number of GPUs": ({"warmup_steps": 1000}, {"facts": data()}, "CF034"),
    "warm-up beyond max_steps": ({"warmup_steps": 100, "max_steps": 50}, {}, "CF034"),
    "projector under LoRA": (LORA | {"freeze_multi_modal_projector": False}, {}, "CF035"),
    "vision tower under LoRA of other names": (
        LORA | {"freeze_vision_tower": False, "lora_target": "q_proj, v_proj"},
        {},
        "CF035",
    ),
    "new tokens, projector to save": (
        LORA | {"add_special_tokens": "<a>,<b>", "additional_target": "visual.merger"},
        {},
        "CF022 CF036",
    ),
    "new tokens, lm_head left out": (
        LORA | {"add_tokens": "<a>", "additional_target": "embed_tokens"},
        {},
        "CF022 CF036",
    ),
    "new tokens, language model frozen": (
        {"add_tokens": "<a>", "freeze_language_model": True, "freeze_multi_modal_projector": False},
        {},
        "CF022 CF036",
    ),
    "new tokens, last layers": ({"add_tokens": "<a>", "finetuning_type": "freeze"}, {}, "CF022 CF036"),
    "ranking under sft": ({}, {"facts": data(kinds={"a": "plain", "b": "ranking"})}, "CF037"),
    "tags under sft": ({}, {"facts": data(kinds={"a": "kto"})}, "CF037"),
}  # fmt: skip
FINE = {
    "Qwen2.5-VL": ({"model_name_or_path": "Qwen/Qwen2.5-VL-7B-Instruct"}, {"deepspeed": ZERO2}),
    "Qwen3-VL Instruct": (
        {"model_name_or_path": "Qwen/Qwen3-VL-4B-Instruct", "template": "qwen3_vl_nothink"},
        {"deepspeed": ZERO2},
    ),
    "Qwen3-VL Thinking": (
        {"model_name_or_path": "Qwen/Qwen3-VL-8B-Thinking", "template": "qwen3_vl"},
        {"deepspeed": ZERO2},
    ),
    "another family with its own template": (
        {"model_name_or_path": "llava-hf/llava-1.5-7b-hf", "template": "llava"},
        {"deepspeed": ZERO2, "facts": data(media={"image"})},
    ),
    "text template, text model": (
        {"model_name_or_path": "meta-llama/Meta-Llama-3-8B-Instruct", "template": "llama3"},
        {"deepspeed": ZERO2, "facts": data()},
    ),
    "a plain entry": ({}, {"deepspeed": ZERO2, "facts": data(kinds={"a": "plain"})}),
    "video frames": (
        {"video_maxlen": 16, "video_fps": 1.0, "video_max_pixels": 16384, "video_min_pixels": 0},
        {"deepspeed": ZERO2},
    ),
    "one row held out": ({"val_size": 1}, {"deepspeed": ZERO2, "facts": replace(data(), loaded=20)}),
    "best model": (
        {"val_size": 0.1, "eval_strategy": "steps", "eval_steps": 5, "save_steps": 10, "load_best_model_at_end": True},
        {"deepspeed": ZERO2},
    ),
    "scheduler with its arguments": (
        {"lr_scheduler_type": "cosine_with_min_lr", "lr_scheduler_kwargs": {"min_lr_rate": 0.1}},
        {"deepspeed": ZERO2},
    ),
    "ZeRO-2 of 0.19.8": ({}, {"deepspeed": ZERO2}),
    "ZeRO-2 of 0.17.1 with the check on": (
        {},
        {
            "deepspeed": {**ZERO2, "bf16": {"enabled": True, "check_grad_overflow": True}},
            "versions": {"deepspeed": "0.17.1"},
        },
    ),
    "ZeRO-3 of 0.19.8": ({}, {"deepspeed": ZERO3}),
    "overlap of 0.19.0": (
        {},
        {
            "deepspeed": {**zero2(overlap_comm=True), "bf16": {"enabled": True, "check_grad_overflow": True}},
            "versions": {"deepspeed": "0.19.0"},
        },
    ),
    "stage as text": ({}, {"deepspeed": zero2(stage="2")}),
    "clipping by default": ({}, {"deepspeed": {**ZERO2, "gradient_clipping": ...}}),
    "clipping that DeepSpeed does, whatever max_grad_norm says": (
        {"max_grad_norm": 1.0},
        {"deepspeed": {**ZERO2, "gradient_clipping": 1}},
    ),
    "bucket of nothing before 0.19.6": (
        {},
        {"deepspeed": {**CHECKED, **zero2(reduce_bucket_size=0), **CHECK}, "versions": {"deepspeed": "0.19.2"}},
    ),
    "removed keys before they were removed": (
        {},
        {
            "deepspeed": {**CHECKED, "sparse_gradients": False, "elasticity": {"enabled": False}},
            "versions": {"deepspeed": "0.19.2"},
        },
    ),
    "no warmup before 0.19.3": (
        {},
        {"deepspeed": {**CHECKED, "scheduler": WARMUP}, "versions": {"deepspeed": "0.19.2"}},
    ),
    "warmup of ten steps": ({"warmup_steps": 10}, {"deepspeed": {**ZERO2, "scheduler": WARMUP}}),
    "total batch that fits": ({}, {"deepspeed": {**ZERO2, "train_batch_size": 8}, "gpus": 8}),
    "total batch without a number of GPUs": ({}, {"deepspeed": {**ZERO2, "train_batch_size": 64}}),
    "whole number for a float": ({"num_train_epochs": 1, "max_grad_norm": 1}, {"deepspeed": ZERO2}),
    "list of datasets": ({"dataset": ["a", "b"]}, {"deepspeed": ZERO2}),
    "packing with flash attention": (
        {"neat_packing": True, "flash_attn": "fa2"},
        {"deepspeed": ZERO2, "facts": data(images=(0,) * 20)},
    ),
    "images that fit": ({}, {"deepspeed": ZERO2, "facts": data(images=(6,) * 20)}),
    "large limit without an image": (
        {"image_max_pixels": 12845056},
        {"deepspeed": ZERO2, "facts": data(images=(0,) * 20)},
    ),
    "answers of one length": ({}, {"deepspeed": ZERO2, "facts": data()}),
    "text and images under ZeRO-3": ({}, {"deepspeed": ZERO3, "facts": data(images=(0,) * 10 + (1,) * 10)}),
    "model in a folder that is not here": ({"model_name_or_path": "/models/stage1"}, {"deepspeed": ZERO2}),
    "key of transformers 4 under transformers 4": (
        {"group_by_length": True},
        {"deepspeed": ZERO2, "versions": {**NOW, "transformers": "4.49.0"}},
    ),
    "torch 2.5 with flash attention": (
        {"flash_attn": "fa2"},
        {"deepspeed": ZERO2, "versions": {**NOW, "torch": "2.5.1"}},
    ),
    "label smoothing of a text model": (
        {"label_smoothing_factor": 0.1, "model_name_or_path": "a/Qwen2-7B", "template": "qwen"},
        {"deepspeed": ZERO2},
    ),
    "label smoothing with a loss of its own": (
        {"label_smoothing_factor": 0.1, "use_dft_loss": True},
        {"deepspeed": ZERO2},
    ),
    "ratio alone": ({"warmup_ratio": 0.1, "warmup_steps": 0}, {"deepspeed": ZERO2, "versions": {**NOW, **FIVE}}),
    "ratio of 0 before 5.0": (
        {"warmup_ratio": 0.0, "warmup_steps": 5},
        {"deepspeed": ZERO2, "versions": {**NOW, **FOUR}},
    ),
    "share as steps": ({"warmup_steps": 0.1}, {"deepspeed": ZERO2, "versions": {**NOW, **FIVE}}),
    "max_steps alone": ({"max_steps": 1000}, {"deepspeed": ZERO2}),
    "max_steps as long as the epochs": (
        {"max_steps": 40, "num_train_epochs": 2},
        {"deepspeed": ZERO2, "facts": data(), "gpus": 1},
    ),
    "warm-up of all but a step": ({"warmup_steps": 59}, {"deepspeed": ZERO2, "facts": data(), "gpus": 1}),
    "long warm-up that the schedule does not know": (
        {"warmup_steps": 1000, "lr_scheduler_type": "constant"},
        {"deepspeed": ZERO2, "facts": data()},
    ),
    "vision tower under LoRA": (LORA | {"freeze_vision_tower": False}, {"deepspeed": ZERO2}),
    "vision tower under LoRA by name": (
        LORA | {"freeze_vision_tower": False, "lora_target": "q_proj,qkv"},
        {"deepspeed": ZERO2},
    ),
    "projector to save": (
        LORA | {"freeze_multi_modal_projector": False, "additional_target": "visual.merger"},
        {"deepspeed": ZERO2},
    ),
    "projector in full fine-tuning": ({"freeze_multi_modal_projector": False}, {"deepspeed": ZERO2}),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_found(name):
    changes, more, expected = BAD[name]
    found = codes(changes, **more)
    if expected != "CF006" and more.get("deepspeed") is None:
        found = [code for code in found if code != "CF006"]
    assert found == expected.split(), name


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_is_not_flagged(name):
    changes, more = FINE[name]
    assert codes(changes, **more) == []


@pytest.mark.parametrize(
    ("changes", "more", "severity", "advice"),
    [
        ({}, {}, "info", "Replay the riskiest rows first"),
        ({}, {"gpus": 1}, "info", "Replay the riskiest rows first"),
        ({"finetuning_type": "lora"}, {"gpus": 8}, "info", "Replay the riskiest rows first"),
        ({}, {"gpus": 8}, "warning", "Use ZeRO-2 with DeepSpeed 0.19.3 or later"),
        ({"finetuning_type": "lora", "deepspeed": ZERO3}, {}, "warning", "Install DeepSpeed 0.19.8 or later"),
        ({"deepspeed": ZERO2}, {"gpus": 1}, "warning", "Install DeepSpeed 0.19.3 or later"),
    ],
)
def test_advice_on_gradients_warns_those_whom_it_fits(changes, more, severity, advice):
    case = training_case(make_config({**SOUND, **changes}), Versions({}), **more)
    (found,) = (finding for finding in training_findings(case) if finding.code == "CF006")
    assert found.severity == severity and found.help.startswith(advice)
    overruled = Settings(dataset_info="dataset_info.json", severity={"CF006": "error"})
    (found,) = (item for item in training_findings(case, overruled) if item.code == "CF006")
    assert found.severity == "error"


ROTARY = {"rope_type": "default", "mrope_section": [16, 24, 24]}
SAVED = {  # config.json, tokenizer_config.json, files that each version refuses; run with 4.49.0, 4.57.1 and 5.6.0
    "by 5.6.0": (
        {"text_config": {"rope_parameters": ROTARY}},
        {"extra_special_tokens": ["<|im_start|>"]},
        {"4.49.0": ["config.json", "tokenizer_config.json"], "4.57.1": ["config.json", "tokenizer_config.json"]},
    ),
    "by 5.6.0, tokenizer without more tokens": (
        {"text_config": {"rope_parameters": ROTARY}},
        {},
        {"4.49.0": ["config.json"], "4.57.1": ["config.json"], "4.46.1": ["config.json"]},
    ),
    "by 4.57.1": ({"text_config": {"rope_scaling": ROTARY}}, {"extra_special_tokens": {}}, {}),
    "by 4.45": ({"rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]}}, {}, {}),
    "mended": ({"text_config": {"rope_parameters": ROTARY, "rope_scaling": ROTARY}}, {}, {}),
}


@pytest.mark.parametrize("name", SAVED)
def test_a_model_that_newer_transformers_saved(name, tmp_path):
    config, tokenizer, refused = SAVED[name]
    written = {"model_type": "qwen2_vl", "transformers_version": "5.6.0", **config}
    (tmp_path / "config.json").write_text(json.dumps(written))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    given = make_config({**SOUND, "model_name_or_path": str(tmp_path)})
    for version in ("4.46.1", "4.49.0", "4.57.1", "5.0.0", "5.6.0", None):
        known = Versions({} if version is None else {"transformers": version})
        found = [item for item in training_findings(training_case(given, known)) if item.code == "CF040"]
        wanted = refused.get(version, ["config.json"] if version == "4.46.1" and refused else [])
        assert [item.evidence["file"] for item in found] == wanted, version
        assert all("saved by transformers 5.6.0" in item.message for item in found)


def test_buckets_in_figures():
    case = training_case(make_config({**SOUND, "deepspeed": zero2(overlap_comm=True)}), Versions(NOW))
    (said,) = (finding.message for finding in training_findings(case) if finding.code == "CF008")
    assert (
        "`reduce_bucket_size` of 500,000,000 elements takes 2.0 GB a GPU; the embedding and lm_head (544,997,376"
        in said
    )
    case = training_case(make_config({**SOUND, "deepspeed": BUCKETS}), Versions(NOW))
    first, second = (finding.message for finding in training_findings(case) if finding.code == "CF008")
    assert "takes 0.4 GB a GPU" in first
    assert second.startswith("`allgather_bucket_size` has no effect")


def test_preprocessed_data_of_yesterday(tmp_path):
    (tmp_path / "data.arrow").write_text("")
    os.utime(tmp_path / "data.arrow", (1000, 1000))
    given = {**SOUND, "deepspeed": ZERO2, "tokenized_path": str(tmp_path)}
    for newest, words in (((2000.0, "a.png"), "`a.png` has changed since"), ((500.0, "a.png"), "exists: the trainer")):
        case = training_case(make_config(given), Versions(NOW), data=data(newest=newest))
        (said,) = (finding.message for finding in training_findings(case) if finding.code == "CF019")
        assert words in said
    given["tokenized_path"] = str(tmp_path / "none")
    assert "CF019" not in {item.code for item in training_findings(training_case(make_config(given), Versions(NOW)))}


def test_an_adapter_is_gone_on_with(tmp_path):
    made = {
        "r": 8,
        "lora_alpha": 16,
        "target_modules": ["model.visual.blocks.3.attn.qkv"],
        "modules_to_save": ["merger"],
    }
    (tmp_path / "adapter_config.json").write_text(json.dumps(made))
    given = LORA | {"adapter_name_or_path": f"other,{tmp_path}", "lora_rank": 8}
    freed = {"freeze_vision_tower": False, "freeze_multi_modal_projector": False, "additional_target": "visual.merger"}
    assert codes(given, ZERO2) == codes(given | freed, ZERO2) == []
    for wrong in ({"lora_rank": 16}, {"lora_alpha": 32}, {"additional_target": "merger,embed_tokens"}):
        assert codes(given | wrong, ZERO2) == ["CF035"]
        assert codes(given | wrong | {"create_new_adapter": True}, ZERO2) == []
    made |= {"target_modules": "^(?!.*visual).*q_proj", "modules_to_save": None}
    (tmp_path / "adapter_config.json").write_text(json.dumps(made))
    assert codes(given | {"freeze_vision_tower": False}, ZERO2) == []  # a pattern is not read
    for text in ("[", "[]", '{"r": true, "lora_alpha": 1e999, "target_modules": [1], "modules_to_save": "x"}'):
        (tmp_path / "adapter_config.json").write_text(text)
        assert codes(given | {"lora_rank": 16, "lora_alpha": 3}, ZERO2) == []
    assert codes(given | {"lora_rank": 16}, ZERO2) == []


def checkpoint(folder, optimizer=True, **changes):
    state = {"global_step": 60, "max_steps": 60, "train_batch_size": 1, "log_history": [{"learning_rate": 5e-5}]}
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text(json.dumps(state | changes))
    if optimizer:
        (folder / "optimizer.pt").write_text("")


def said_of_resuming(given, gpus=1):
    case = training_case(make_config({**SOUND, **given}), Versions(NOW), gpus, data())
    return [item.code + " " + item.message for item in training_findings(case) if item.code in ("CF032", "CF033")]


def test_the_end_of_another_stage_is_resumed(tmp_path):
    checkpoint(tmp_path / "stage1")
    resume = {"resume_from_checkpoint": str(tmp_path / "stage1")}
    (said,) = said_of_resuming(resume)  # 20 rows, 3 epochs
    assert "its global_step is 60, and this run has 60 steps" in said
    assert said_of_resuming(resume | {"num_train_epochs": 2})[0].startswith("CF032")
    assert said_of_resuming(resume | {"max_steps": 60})[0].startswith("CF032")
    assert said_of_resuming(resume, gpus=None)[0].startswith("CF032")  # on more GPUs there are fewer steps
    assert said_of_resuming(resume | {"do_train": False}) == []
    assert said_of_resuming(resume | {"resume_from_checkpoint": str(tmp_path)}) == []  # no trainer_state.json there


def test_a_checkpoint_is_found_in_the_output(tmp_path):
    output = {"output_dir": str(tmp_path / "out"), "num_train_epochs": 1}
    checkpoint(tmp_path / "out" / "checkpoint-9", global_step=9, max_steps=20)
    assert said_of_resuming(output) == []  # it was interrupted and goes on
    checkpoint(tmp_path / "out" / "checkpoint-20", global_step=20, max_steps=20)
    (tmp_path / "out" / "checkpoint-100").write_text("")
    (tmp_path / "out" / "model.safetensors").write_text("")
    (said,) = said_of_resuming(output)
    assert f"`output_dir` holds {tmp_path}/out/checkpoint-20: its global_step is 20" in said
    assert said_of_resuming(output | {"resume_from_checkpoint": True}) == [
        said.replace(f"`output_dir` holds {tmp_path}/out", f"`resume_from_checkpoint: {tmp_path}/out").replace(
            "checkpoint-20:", "checkpoint-20`:"
        )
    ]
    for way in ({"overwrite_output_dir": True}, {"resume_from_checkpoint": False}, {"stage": "rm"}):
        assert said_of_resuming(output | way) == []


def test_weights_without_a_checkpoint_stop_the_trainer(tmp_path):
    (tmp_path / "adapter_model.safetensors").write_text("")
    (said,) = said_of_resuming({"output_dir": str(tmp_path)})
    assert said.startswith("CF032") and "holds adapter_model.safetensors and no checkpoint" in said
    assert said_of_resuming({"output_dir": str(tmp_path), "overwrite_output_dir": True}) == []


@pytest.mark.parametrize(
    ("state", "changes", "words"),
    [
        ({}, {"per_device_train_batch_size": 2, "num_train_epochs": 6}, "it had batches of 1 rows, this run of 2"),
        ({}, {"num_train_epochs": 3}, "its run had 60 steps, this one has 57"),
        ({}, {"learning_rate": 1e-5}, "a learning rate of 5e-05, above `learning_rate` 1e-05"),
        ({"optimizer": False}, {}, "no state of the optimizer"),
        ({"log_history": None, "train_batch_size": "8"}, {}, None),
        ({"log_history": [{"learning_rate": 4.9e-5}, 3]}, {}, None),
    ],
)
def test_a_run_goes_on_with_other_settings(tmp_path, state, changes, words):
    checkpoint(tmp_path / "one", **{"global_step": 9, **state})
    given = {"resume_from_checkpoint": str(tmp_path / "one"), "learning_rate": 5e-5, "num_train_epochs": 3}
    if words and "57" in words:
        given["max_steps"] = 57
    found = said_of_resuming(given | changes)
    assert (words is None and found == []) or (len(found) == 1 and found[0].startswith("CF033") and words in found[0])


def deepspeed_said(changes, version="0.19.8"):
    case = training_case(make_config({**SOUND, "deepspeed": {**ZERO2, **changes}}), Versions({"deepspeed": version}), 1)
    return {item.code: (item.message, item.help) for item in training_findings(case)}


def test_refusals_say_deepspeeds_own_words():
    late = ", only after the data are preprocessed and the model is loaded"
    message, advice = deepspeed_said({"zero_optimization": {"stage": 2, "reduce_bucket_sizes": 1}})["CF026"]
    assert message == (
        "`zero_optimization.reduce_bucket_sizes` (1) in deepspeed: deepspeed 0.19.8 stops training with "
        f"ValidationError: 1 validation error for DeepSpeedZeroConfig: Extra inputs are not permitted{late}"
    )
    assert advice == "Write `reduce_bucket_size`, or remove `zero_optimization.reduce_bucket_sizes`."
    message, advice = deepspeed_said({"elasticity": {"enabled": False}})["CF026"]
    assert "stops training with DeepSpeedConfigError: Elastic training has been removed" in message
    assert advice == "Remove `elasticity`, also where it is off."
    message, advice = deepspeed_said({"zero_optimization": {"stage": 3, "overlap_comm": "auto"}})["CF026"]
    assert "ValueError: `zero_optimization.overlap_comm` not found in kwargs." in message
    message, _ = deepspeed_said({"zero_optimization": True})["CF026"]
    assert message.endswith("stops training with AttributeError: 'bool' object has no attribute 'get'")
    message, _ = deepspeed_said({"zero_optimization": {"stage": 4}}, "0.19.9")["CF026"]
    assert "deepspeed 0.19.8 (the nearest known here, for 0.19.9) stops" in message


def test_ignored_keys_are_named():
    message, advice = deepspeed_said({"gradient_cliping": 1.0})["CF027"]
    assert message == (
        "`gradient_cliping` in deepspeed is read by nothing in deepspeed 0.19.8: `gradient_clipping` keeps what it has "
        "without it"
    )
    assert advice == "Write `gradient_clipping`."
    message, _ = deepspeed_said({"gradient_allreduce_op": "sum"}, "0.18.5")["CF027"]
    assert "read by nothing in deepspeed 0.18.5; 0.19." in message


def test_every_cf_rule_is_tested_here():
    here = {code for _, _, expected in BAD.values() for code in expected.split()}
    here |= {"CF008", "CF019", "CF024", "CF033", "CF039", "CF040"}
    assert here == {rule.code for rule in all_rules() if rule.family == "CF"}


def test_reasons_hold_the_options_names():
    given = {**SOUND, "deepspeed": {**zero2(overlap_comm=True), "gradient_clipping": 0}}
    case = training_case(make_config(given), Versions({"deepspeed": "0.14.4"}))
    said = {finding.code: finding.message for finding in training_findings(case)}
    assert "`overlap_comm` is on in deepspeed under ZeRO-2 of deepspeed 0.14.4" in said["CF007"]
    assert said["CF010"] == "`gradient_clipping` is 0 in deepspeed: `max_grad_norm: 1.0` has no effect"


def test_versions_given_and_installed():
    found = find_versions("deepspeed=0.14.4,torch==2.4.0+cu121")
    assert found["deepspeed"] == (0, 14, 4) and found["torch"] == (2, 4, 0)
    assert found.before("deepspeed", "0.17.1") and not found.before("torch", "2.4.0")
    for wrong in ("deepspeed", "deepspeed=new", "numpy=1.0"):
        with pytest.raises(ValueError, match="--versions"):
            find_versions(wrong)
