"""What the trainer refuses about a training file: which keys, when, and in whose words.

A refusal is a row of a table: the keys, whether they are refused together, the trainer's error and words, what to do.
Sources: `hparams/*.py` of LLaMA-Factory 0.9.1 to 0.9.5 and transformers' TrainingArguments 4.57.1 and 5.6.0; the real
trainer is asked about each (tests/oracle/test_training_files.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.training.refusal import Asked, RefusedRow, TrainingRefusal, as_mapping, refused
from validator.training.versions import Versions


def _mixed_steps(on: Asked) -> bool:
    """Whether best-model saves do not fall on evaluations."""
    if not (on.load_best_model_at_end and on.save_strategy == on.eval_strategy == "steps"):
        return False
    every = on.eval_steps or on.logging_steps
    if every >= 1 and on.save_steps >= 1:
        return bool(int(on.save_steps) % int(every))
    return (every < 1) != (on.save_steps < 1) or bool((on.save_steps * 1_000_000) % (every * 1_000_000))


def _uneven(value: float | None) -> bool:
    return value is not None and value > 1 and value != int(value)


def _different_lengths(names: tuple[str, ...], on: Asked) -> bool:
    weights = on.interleave_probs
    if weights is None:
        return False
    length = len(weights.split(",")) if isinstance(weights, str) else len(weights)
    return bool(names) and len(names) != length


def _named(on: Asked, key: str) -> tuple[str, ...]:
    """Every name of a list, repeated ones too, as the trainer counts them."""
    value = on.config[key]
    return () if value is None else tuple(value.split(",") if isinstance(value, str) else value)


LORA_ALONE = ("loraplus_lr_ratio", "use_rslora", "use_dora", "pissa_init")

ACCELERATOR = frozenset(
    (
        "split_batches",
        "dispatch_batches",
        "even_batches",
        "use_seedable_sampler",
        "non_blocking",
        "gradient_accumulation_kwargs",
        "use_configured_state",
    )
)
"""Source: AcceleratorConfig of transformers 5.6.0."""

ARGUMENTS: tuple[RefusedRow, ...] = (
    RefusedRow(
        "model_name_or_path",
        lambda on: on.model_name_or_path is None,
        "Please provide `model_name_or_path`.",
        "Name the model: model_name_or_path: Qwen/Qwen2-VL-7B-Instruct.",
    ),
    RefusedRow(
        "dataset val_size",
        lambda on: on.dataset is None and on.holds_out,
        "Cannot specify `val_size` if `dataset` is None.",
        "Name the dataset, or remove `val_size`.",
    ),
    RefusedRow(
        "dataset do_train",
        lambda on: on.do_train and on.dataset is None and not on.holds_out,
        "Please specify dataset for training.",
        "Name the dataset: dataset: NAME, as in dataset_info.json.",
    ),
    RefusedRow(
        "val_size eval_dataset",
        lambda on: on.has("eval_dataset") and on.dataset is not None and on.holds_out,
        "Cannot specify `val_size` if `eval_dataset` is not None.",
        "Keep one of the two.",
    ),
    RefusedRow(
        "eval_dataset val_size",
        lambda on: (
            (on.evaluates or on.do_predict or on.predict_with_generate) and on.eval_dataset is None and not on.holds_out
        ),
        "Please make sure eval_dataset be provided or val_size >1e-6",
        "Name rows to evaluate on (eval_dataset, or val_size: 0.1), or switch evaluation off (eval_strategy: 'no').",
    ),
    RefusedRow(
        "interleave_probs mix_strategy",
        lambda on: on.has("interleave_probs") and on.mix_strategy == "concat",
        "`interleave_probs` is only valid for interleaved mixing.",
        "Remove `interleave_probs`, or set mix_strategy: interleave_under.",
    ),
    RefusedRow(
        "interleave_probs dataset",
        lambda on: (
            on.has("interleave_probs") and on.mix_strategy != "concat" and _different_lengths(_named(on, "dataset"), on)
        ),
        "The length of dataset and interleave probs should be identical.",
        "Give one probability a dataset.",
    ),
    RefusedRow(
        "interleave_probs eval_dataset",
        lambda on: (
            on.has("interleave_probs")
            and on.mix_strategy != "concat"
            and not _different_lengths(_named(on, "dataset"), on)
            and _different_lengths(_named(on, "eval_dataset"), on)
        ),
        "The length of eval dataset and interleave probs should be identical.",
        "Name as many datasets for evaluation as there are probabilities.",
    ),
    RefusedRow(
        "streaming val_size",
        lambda on: on.streaming and on.holds_out and on.val_size < 1,
        "Streaming mode should have an integer val size.",
        "Write the number of rows: val_size: 100.",
    ),
    RefusedRow(
        "max_samples streaming",
        lambda on: on.streaming and on.has("max_samples"),
        "`max_samples` is incompatible with `streaming`.",
        "Remove one of the two.",
    ),
    RefusedRow(
        "streaming max_steps",
        lambda on: on.streaming and on.max_steps == -1,
        "Please specify `max_steps` in streaming mode.",
        "Say how many steps the run has: max_steps: NUMBER.",
    ),
    RefusedRow(
        "mask_history train_on_prompt",
        lambda on: on.mask_history and on.train_on_prompt,
        "`mask_history` is incompatible with `train_on_prompt`.",
        "Remove one of the two.",
    ),
    RefusedRow(
        "image_max_pixels image_min_pixels",
        lambda on: on.image_max_pixels < on.image_min_pixels,
        "`image_max_pixels` cannot be smaller than `image_min_pixels`.",
        "Raise `image_max_pixels`, or lower `image_min_pixels`.",
        since="llamafactory 0.9.3",
    ),
    RefusedRow(
        "video_max_pixels video_min_pixels",
        lambda on: on.video_max_pixels < on.video_min_pixels,
        "`video_max_pixels` cannot be smaller than `video_min_pixels`.",
        "Raise `video_max_pixels`, or lower `video_min_pixels`.",
        since="llamafactory 0.9.3",
    ),
    RefusedRow(
        "export_quantization_bit export_quantization_dataset",
        lambda on: on.has("export_quantization_bit") and on.export_quantization_dataset is None,
        "Quantization dataset is necessary for exporting.",
        "Remove `export_quantization_bit`: it is for export, not for training.",
    ),
    RefusedRow(
        "split_special_tokens use_fast_tokenizer",
        lambda on: on.split_special_tokens and on.use_fast_tokenizer,
        "`split_special_tokens` is only supported for slow tokenizers.",
        "Remove `split_special_tokens`.",
        until="llamafactory 0.9.5",
    ),
    RefusedRow(
        "seed",
        lambda on: not 0 <= on.seed < 2**32,
        "Seed must be between 0 and 2**32 - 1",
        "Choose a seed in that range.",
    ),
    # finetuning_args.py
    RefusedRow(
        "ref_model_quantization_bit",
        lambda on: on.config.given.get("ref_model_quantization_bit") not in (None, 8, 4),
        "We only accept 4-bit or 8-bit quantization.",
        "Write 4 or 8.",
        "AssertionError",
    ),
    RefusedRow(
        "reward_model_quantization_bit",
        lambda on: on.config.given.get("reward_model_quantization_bit") not in (None, 8, 4),
        "We only accept 4-bit or 8-bit quantization.",
        "Write 4 or 8.",
        "AssertionError",
    ),
    RefusedRow(
        "finetuning_type",
        lambda on: on.finetuning_type == "oft",
        "Invalid fine-tuning method.",
        "Choose lora, freeze or full: this release knows no oft.",
        "AssertionError",
        until="llamafactory 0.9.4",
    ),
    RefusedRow(
        "stage reward_model",
        lambda on: on.stage == "ppo" and on.reward_model is None,
        "`reward_model` is necessary for PPO training.",
        "Name the reward model: reward_model: FOLDER.",
    ),
    RefusedRow(
        "reward_model_type finetuning_type",
        lambda on: (
            on.stage == "ppo"
            and on.has("reward_model")
            and on.reward_model_type in ("lora", "oft")
            and on.finetuning_type != on.reward_model_type
        ),
        "`reward_model_type` cannot be lora for Freeze/Full PPO training.",
        "Set reward_model_type: full.",
    ),
    RefusedRow(
        "dpo_label_smoothing pref_loss",
        lambda on: on.stage == "dpo" and on.pref_loss != "sigmoid" and on.dpo_label_smoothing > 1e-6,
        "`dpo_label_smoothing` is only valid for sigmoid loss function.",
        "Remove `dpo_label_smoothing`, or set pref_loss: sigmoid.",
    ),
    RefusedRow(
        "use_llama_pro finetuning_type",
        lambda on: on.use_llama_pro and on.finetuning_type == "full",
        "`use_llama_pro` is only valid for Freeze or LoRA training.",
        "Remove `use_llama_pro`.",
    ),
    RefusedRow(
        "finetuning_type use_galore use_apollo use_badam",
        lambda on: on.finetuning_type == "lora" and (on.use_galore or on.use_apollo or on.use_badam),
        "Cannot use LoRA with GaLore, APOLLO or BAdam together.",
        "Set finetuning_type: full, or remove the optimizer.",
    ),
    RefusedRow(
        "use_galore use_apollo use_badam",
        lambda on: on.finetuning_type != "lora" and bool(on.use_galore) + bool(on.use_apollo) + bool(on.use_badam) > 1,
        "Cannot use GaLore, APOLLO or BAdam together.",
        "Keep one of them.",
    ),
    RefusedRow(
        "pissa_init stage",
        lambda on: on.pissa_init and (on.stage in ("ppo", "kto") or on.reference),
        "Cannot use PiSSA for current training stage.",
        "Remove `pissa_init`.",
    ),
    *(
        RefusedRow(
            f"{key} finetuning_type",
            lambda on, key=key: (  # type: ignore[misc]
                on.finetuning_type != "lora" and (on.has(key) if key == LORA_ALONE[0] else on.config[key])
            ),
            f"`{key}` is only valid for LoRA training.",
            f"Remove `{key}`, or set finetuning_type: lora.",
        )
        for key in LORA_ALONE
    ),
    # parser.py
    *(
        RefusedRow(
            f"{key} stage",
            lambda on, key=key: on.stage != "sft" and on.config[key],  # type: ignore[misc]
            f"`{key}` cannot be set as True except SFT.",
            f"Remove `{key}`, or set stage: sft.",
        )
        for key in ("predict_with_generate", "neat_packing", "train_on_prompt", "mask_history")
    ),
    RefusedRow(
        "do_predict predict_with_generate",
        lambda on: on.stage == "sft" and on.do_predict and not on.predict_with_generate,
        "Please enable `predict_with_generate` to save model predictions.",
        "Set predict_with_generate: true, or remove `do_predict`.",
    ),
    RefusedRow(
        "stage load_best_model_at_end",
        lambda on: on.stage in ("rm", "ppo") and on.load_best_model_at_end,
        "RM and PPO stages do not support `load_best_model_at_end`.",
        "Remove `load_best_model_at_end`.",
    ),
    RefusedRow(
        "stage do_train",
        lambda on: on.stage == "ppo" and not on.do_train,
        "PPO training does not support evaluation, use the SFT stage to evaluate models.",
        "Set do_train: true.",
    ),
    RefusedRow(
        "stage shift_attn",
        lambda on: on.stage == "ppo" and on.shift_attn,
        "PPO training is incompatible with S^2-Attn.",
        "Remove `shift_attn`.",
    ),
    RefusedRow(
        "predict_with_generate deepspeed",
        lambda on: on.predict_with_generate and on.zero_stage == 3,
        "`predict_with_generate` is incompatible with DeepSpeed ZeRO-3.",
        "Predict without ZeRO-3.",
    ),
    RefusedRow(
        "predict_with_generate compute_accuracy",
        lambda on: on.predict_with_generate and on.compute_accuracy,
        "Cannot use `predict_with_generate` and `compute_accuracy` together.",
        "Keep one of the two.",
    ),
    RefusedRow(
        "quantization_device_map do_train",
        lambda on: on.do_train and on.quantization_device_map == "auto",
        "Cannot use device map for quantized models in training.",
        "Remove `quantization_device_map`.",
    ),
    RefusedRow(
        "pissa_init deepspeed",
        lambda on: on.pissa_init and on.zero_stage == 3,
        "Please use scripts/pissa_init.py to initialize PiSSA in DeepSpeed ZeRO-3.",
        "Initialize the adapter beforehand, or train without ZeRO-3.",
    ),
    RefusedRow(
        "pure_bf16 deepspeed",
        lambda on: on.pure_bf16 and on.zero_stage == 3,
        "`pure_bf16` is incompatible with DeepSpeed ZeRO-3.",
        "Set bf16: true instead.",
    ),
    RefusedRow(
        "galore_layerwise",
        lambda on: (on.gpus or 1) > 1 and on.use_galore and on.galore_layerwise,
        "Distributed training does not support layer-wise GaLore.",
        "Remove `galore_layerwise`, or train on one GPU.",
    ),
    RefusedRow(
        "apollo_layerwise",
        lambda on: (on.gpus or 1) > 1 and on.use_apollo and on.apollo_layerwise,
        "Distributed training does not support layer-wise APOLLO.",
        "Remove `apollo_layerwise`, or train on one GPU.",
    ),
    RefusedRow(
        "use_badam deepspeed",
        lambda on: (on.gpus or 1) > 1 and on.use_badam and (on.badam_mode == "ratio" or on.zero_stage != 3),
        "Layer-wise BAdam only supports DeepSpeed ZeRO-3 training.",
        "Train on one GPU, or layer-wise under ZeRO-3.",
    ),
    RefusedRow(
        "deepspeed use_galore use_apollo",
        lambda on: on.config["deepspeed"] is not None and (on.use_galore or on.use_apollo),
        "GaLore and APOLLO are incompatible with DeepSpeed yet.",
        "Remove `deepspeed`, or the optimizer.",
    ),
    RefusedRow(
        "fp8 quantization_bit",
        lambda on: on.fp8 and on.has("quantization_bit"),
        "FP8 training is not compatible with quantization. Please disable one of them.",
        "Remove one of the two.",
        since="llamafactory 0.9.4",
    ),
    RefusedRow(
        "infer_backend",
        lambda on: on.infer_backend != "huggingface",
        "vLLM/SGLang backend is only available for API, CLI and Web.",
        "Remove `infer_backend`.",
    ),
    RefusedRow(
        "use_unsloth deepspeed",
        lambda on: on.use_unsloth and on.zero_stage == 3,
        "Unsloth is incompatible with DeepSpeed ZeRO-3.",
        "Remove one of the two.",
    ),
    RefusedRow(
        "use_kt deepspeed",
        lambda on: on.use_kt and on.zero_stage == 3,
        "KTransformers is incompatible with DeepSpeed ZeRO-3.",
        "Remove one of the two.",
    ),
    RefusedRow(
        "adapter_name_or_path finetuning_type",
        lambda on: on.has("adapter_name_or_path") and on.finetuning_type != "lora",
        "Adapter is only valid for the LoRA method.",
        "Set finetuning_type: lora, or merge the adapter and train from the merged model.",
    ),
    RefusedRow(
        "quantization_bit finetuning_type",
        lambda on: on.has("quantization_bit") and on.finetuning_type not in ("lora", "oft"),
        "Quantization is only compatible with the LoRA or OFT method.",
        "Set finetuning_type: lora, or remove `quantization_bit`.",
    ),
    RefusedRow(
        "quantization_bit pissa_init",
        lambda on: on.has("quantization_bit") and on.finetuning_type == "lora" and on.pissa_init,
        "Please use scripts/pissa_init.py to initialize PiSSA for a quantized model.",
        "Initialize the adapter beforehand.",
    ),
    RefusedRow(
        "quantization_bit resize_vocab",
        lambda on: on.has("quantization_bit") and on.resize_vocab,
        "Cannot resize embedding layers of a quantized model.",
        "Resize and save the model first.",
    ),
    RefusedRow(
        "quantization_bit create_new_adapter",
        lambda on: on.has("quantization_bit") and on.has("adapter_name_or_path") and on.create_new_adapter,
        "Cannot create new adapter upon a quantized model.",
        "Merge the adapter first, or train it further.",
    ),
    RefusedRow(
        "quantization_bit adapter_name_or_path",
        lambda on: on.has("quantization_bit") and len(_named(on, "adapter_name_or_path")) > 1,
        "Quantized model only accepts a single adapter. Merge them first.",
        "Merge the adapters first.",
    ),
    # transformers' TrainingArguments
    RefusedRow(
        "eval_strategy eval_steps logging_steps",
        lambda on: on.eval_strategy == "steps" and not on.eval_steps and on.logging_steps <= 0,
        "evaluation strategy steps requires either non-zero --eval_steps or --logging_steps",
        "Say how often: eval_steps: 500.",
    ),
    RefusedRow(
        "logging_strategy logging_steps",
        lambda on: on.logging_strategy == "steps" and on.logging_steps == 0,
        "logging strategy steps requires non-zero --logging_steps",
        "Say how often: logging_steps: 10.",
    ),
    *(
        RefusedRow(
            f"{name}_steps",
            lambda on, name=name: (  # type: ignore[misc]
                on.config[f"{name}_strategy"] == "steps" and _uneven(on.config[f"{name}_steps"])
            ),
            f"--{name}_steps must be an integer if bigger than 1",
            "Write a whole number, or a share of all steps below 1.",
        )
        for name in ("logging", "eval", "save")
    ),
    RefusedRow(
        "load_best_model_at_end eval_strategy save_strategy",
        lambda on: on.load_best_model_at_end and on.save_strategy != "best" and on.eval_strategy != on.save_strategy,
        "--load_best_model_at_end requires the save and eval strategy to match",
        "Set both to steps, or both to epoch; without evaluation remove `load_best_model_at_end`.",
    ),
    RefusedRow(
        "load_best_model_at_end save_steps eval_steps",
        _mixed_steps,
        "--load_best_model_at_end requires the saving steps to be a round multiple of the evaluation steps",
        "Make `save_steps` a multiple of `eval_steps`.",
    ),
    RefusedRow(
        "accelerator_config",
        lambda on: isinstance(given := as_mapping(on.accelerator_config), dict) and not given.keys() <= ACCELERATOR,
        "AcceleratorConfig.__init__() got an unexpected keyword argument",
        f"Its keys are: {', '.join(sorted(ACCELERATOR))}.",
        "TypeError",
    ),
    RefusedRow(
        "fp16 bf16",
        lambda on: on.fp16 and on.bf16,
        "At most one of fp16 and bf16 can be True, but not both",
        "Keep bf16: true.",
    ),
    RefusedRow(
        "fp16_full_eval bf16_full_eval",
        lambda on: on.fp16_full_eval and on.bf16_full_eval,
        "At most one of fp16 and bf16 can be True for full eval, but not both",
        "Keep one of the two.",
    ),
    *(
        RefusedRow(
            "lr_scheduler_type eval_strategy",
            lambda on, name=name: on.lr_scheduler_type == name and on.eval_strategy == "no",  # type: ignore[misc]
            f"lr_scheduler_type {name} requires an eval strategy",
            "Evaluate (eval_strategy: steps, val_size: 0.1), or choose another scheduler.",
        )
        for name in ("reduce_lr_on_plateau", "greedy")
    ),
    RefusedRow(
        "warmup_steps",
        lambda on: on.warmup_ratio is None and on.warmup_steps < 0,
        "warmup_steps must be an integer or a float",
        "Write 0 or more.",
        since="transformers 5.0",
    ),
    RefusedRow(
        "warmup_ratio",
        lambda on: on.warmup_ratio is not None and on.warmup_ratio < 0,
        "warmup_steps must be an integer or a float",
        "Write a share between 0 and 1.",
        since="transformers 5.0",
    ),
    RefusedRow(
        "warmup_steps",
        lambda on: not isinstance(on.warmup_steps, int) or on.warmup_steps < 0,
        "warmup_steps must be of type int and must be 0 or a positive integer.",
        "Write a whole number; a share of all steps is `warmup_ratio` in this release.",
        until="transformers 5.0",
    ),
    RefusedRow(
        "warmup_ratio",
        lambda on: on.warmup_ratio is not None and not 0 <= on.warmup_ratio <= 1,
        "warmup_ratio must lie in range [0,1]",
        "Write a share between 0 and 1.",
        until="transformers 5.0",
    ),
    RefusedRow(
        "neat_packing",
        lambda on: on.neat_packing,
        "Neat packing is incompatible with transformers>=4.53.0.",
        "Use transformers before 4.53, or LLaMA-Factory 0.9.5.",
        since="transformers 4.53",
        until="llamafactory 0.9.5",
    ),
    RefusedRow(
        "dataloader_prefetch_factor dataloader_num_workers",
        lambda on: on.dataloader_num_workers == 0 and on.has("dataloader_prefetch_factor"),
        "--dataloader_prefetch_factor can only be set when data is loaded in a different process, i.e. when "
        "--dataloader_num_workers > 0.",
        "Set dataloader_num_workers: 4, or remove `dataloader_prefetch_factor`.",
    ),
    RefusedRow(
        "torch_empty_cache_steps",
        lambda on: on.torch_empty_cache_steps is not None and on.torch_empty_cache_steps <= 0,
        "`torch_empty_cache_steps` must be an integer bigger than 0",
        "Write a number above 0, or remove it.",
    ),
)


_OLDER = (  # words that only later releases know
    ("mix_strategy", ("interleave_once",), "Unknown mixing strategy", "ValueError", "data", "llamafactory 0.9.5"),
    ("rope_scaling", ("yarn", "llama3"), "Unknown rope scaling", "ValueError", "model", "llamafactory 0.9.2"),
    ("lr_scheduler_type", ("greedy",), "is not a valid SchedulerType", "ValueError", "arguments", "transformers 5.0"),
    (
        "lr_scheduler_type",
        ("cosine_warmup_with_min_lr",),
        "is not a valid SchedulerType",
        "ValueError",
        "arguments",
        "transformers 4.53",
    ),
    ("save_strategy", ("best",), "is not a valid IntervalStrategy", "ValueError", "arguments", "transformers 4.47"),
    ("optim", ("stable_adamw",), "is not a valid OptimizerNames", "ValueError", "arguments", "transformers 4.53"),
    (
        "optim",
        ("apollo_adamw", "apollo_adamw_layerwise", "schedule_free_radam", "adamw_torch_8bit"),
        "is not a valid OptimizerNames",
        "ValueError",
        "arguments",
        "transformers 4.47",
    ),
)
OLDER: tuple[RefusedRow, ...] = tuple(
    RefusedRow(
        key,
        lambda on, key=key, choices=choices: on.config[key] in choices,  # type: ignore[misc]
        words,
        f"Choose another: {', '.join(choices)} came with {release}.",
        error,
        stage,  # type: ignore[arg-type]
        until=release,
    )
    for key, choices, words, error, stage, release in _OLDER
)


def argument_refusals(asked: Asked, versions: Versions) -> Iterator[TrainingRefusal]:
    """What the trainer refuses before it reads any data."""
    yield from refused(ARGUMENTS + OLDER, asked, versions)
