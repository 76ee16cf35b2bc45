"""Training files: what is wrong, with its codes, and what is fine. Changes to a sound run, more about it, the codes."""

from dataclasses import replace

from tests.rules.training_runs import (
    FIVE,
    FOUR,
    LORA,
    NOW,
    ZERO2,
    ZERO3,
    data,
)

BAD = {
    "mistyped key": ({"image_max_pixel": 1}, {}, "CF001"),
    "key of an earlier release": ({"image_resolution": 512}, {}, "CF001"),
    "key of transformers 4": ({"group_by_length": True}, {}, "CF001"),
    "key of the main branch under a release": (
        {"reasoning_effort": "low"},
        {"versions": {"llamafactory": "0.9.5"}},
        "CF001",
    ),
    "word that the main branch does not take": ({"reasoning_effort": "high"}, {}, "CF002"),
    "template of the main branch under a release": (
        {"template": "qwen3_8", "model_name_or_path": "Qwen/Qwen3.5-4B"},
        {"versions": {"llamafactory": "0.9.5"}},
        "CF013",
    ),
    "clips under a release that mixes their positions": (
        {},
        {"versions": {"transformers": "5.3.0"}, "facts": data(videos=(1,) * 20, media={"video"})},
        "CF041",
    ),
    "two that exclude each other": ({"mask_history": True, "train_on_prompt": True}, {}, "CF002"),
    "adapter without lora": ({"adapter_name_or_path": "x"}, {}, "CF002"),
    "nothing is trained": ({"do_train": False}, {}, "CF002"),
    "text for a switch": ({"neat_packing": "false"}, {}, "CF003"),
    "text for a number": ({"cutoff_len": "8k"}, {}, "CF002"),
    "word that is none of the choices": ({"flash_attn": "fa4"}, {}, "CF002"),
    "no, without quotation marks": ({"eval_strategy": False}, {}, "CF002"),
    "accelerator's key": ({"accelerator_config": {"a": 1}}, {}, "CF002"),
    "accelerator's key, as JSON text": ({"accelerator_config": '{"a": 1}'}, {}, "CF002"),
    "a share of no steps": ({"max_steps": 0, "logging_steps": 0.5}, {}, "CF002 CF032"),
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
    "template of Qwen3-VL for a Qwen3.5": (
        {"template": "qwen3_vl", "model_name_or_path": "Qwen/Qwen3.5-4B"},
        {},
        "CF038",
    ),
    "marks of another family for a Qwen3.5": (
        {"template": "llava", "model_name_or_path": "Qwen/Qwen3.5-4B"},
        {},
        "CF013",
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
    "clips under the release that mended their positions": (
        {},
        {"versions": {**NOW, **FIVE}, "deepspeed": ZERO2, "facts": data(videos=(1,) * 20, media={"video"})},
    ),
    "clips under the release before": (
        {},
        {
            "versions": {**NOW, "transformers": "5.2.0"},
            "deepspeed": ZERO2,
            "facts": data(videos=(1,) * 20, media={"video"}),
        },
    ),
    "images under a release that mixes positions of clips": (
        {},
        {"versions": {**NOW, "transformers": "5.5.0"}, "deepspeed": ZERO2, "facts": data(media={"image"})},
    ),
    "clips of Qwen3-VL, whose frames stand alone": (
        {"model_name_or_path": "Qwen/Qwen3-VL-4B-Instruct", "template": "qwen3_vl_nothink"},
        {
            "versions": {**NOW, "transformers": "5.5.0"},
            "deepspeed": ZERO2,
            "facts": data(videos=(1,) * 20, media={"video"}),
        },
    ),
    "the main branch's template and key under the main branch": (
        {"model_name_or_path": "Qwen/Qwen3.5-4B", "template": "qwen3_8", "reasoning_effort": "low"},
        {"deepspeed": ZERO2, "versions": {**NOW, "llamafactory": "0.9.6.dev0"}},
    ),
    "the main branch's template and key where the release is not known": (
        {"model_name_or_path": "Qwen/Qwen3.5-4B", "template": "qwen3_8", "reasoning_effort": "low"},
        {"deepspeed": ZERO2},
    ),
    "Qwen3.5, which thinks whatever its name": (
        {"model_name_or_path": "Qwen/Qwen3.5-4B", "template": "qwen3_5"},
        {"deepspeed": ZERO2},
    ),
    "Qwen3.5 trained without thoughts": (
        {"model_name_or_path": "Qwen/Qwen3.5-4B", "template": "qwen3_5_nothink"},
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
