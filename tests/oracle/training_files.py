"""Training files for the trainer and for us: one changed line each, or two and three that belong together.

Values are written as YAML text, since what YAML makes of them is part of the question. Drawn with a seed; keys that
would reach beyond this machine (hubs, loggers, clusters, other frameworks) are left out, and said so in LEFT_OUT.
"""

import random
from collections.abc import Iterator

import yaml

from validator.training.arguments import Argument, known_arguments

BASE = """model_name_or_path: model
stage: sft
do_train: true
finetuning_type: full
dataset: rows
dataset_dir: .
template: qwen2_vl
output_dir: output
report_to: none
"""
LEFT_OUT = {
    "deepspeed": "its own part",
    "fsdp": "needs a distributed run",
    "fsdp_config": "needs a distributed run",
    "push_to_hub": "reaches a hub",
    "report_to": "reaches a logger",
    "use_mca": "another framework",
    "use_kt": "another framework",
    "use_unsloth": "another framework",
    "use_hyper_parallel": "another framework",
    "use_ray": "a cluster",
    "ray_num_workers": "a cluster",
    "enable_liger_kernel": "a package",
    "use_liger_kernel": "a package",
    "use_swanlab": "reaches a logger",
    "torch_compile": "compiles for minutes",
    "torch_compile_backend": "compiles for minutes",
    "torch_compile_mode": "compiles for minutes",
    "local_rank": "set by the launcher",
    "tf32": "a GPU",
    "fp8": "a GPU",
    "trust_remote_code": "runs code",
    "parallelism_config": "a distributed run",
}
REACHING = ("hub_", "trackio_", "swanlab_", "ray_", "kt_", "vllm_", "sglang_", "galore_", "apollo_", "badam_")
"""Beginnings of keys of what reaches beyond this machine, or needs a package that is not there."""
ODD = {
    "bool": ("true", "false", '"false"', "yes", "off", "1", "0", "null", "1.5", "[true]", "text"),
    "int": (
        "1",
        "2",
        "16",
        '"16"',
        "16.0",
        "16.5",
        "true",
        "null",
        "-1",
        "0",
        "[1]",
        "1e1",
        "010",
        "1_6",
        "1:30",
        ".inf",
    ),
    "float": ("0.5", "1", '"0.5"', "1e-3", "-0.5", "0", "2.0", "true", "null", ".inf", ".nan", "[0.5]", "1:30", "text"),
    "str": ("text", "5", "true", "null", "[text]", '""', "{a: 1}"),
    "dict": ("{}", "{a: 1}", "text", "'{\"a\": 1}'", "5", "null", "[a]"),
    "list": ("[]", "[text]", "text", "5", "null"),
    "any": ("text", "5", "null", "{}"),
}
TOGETHER = (
    (
        "val_size",
        ("0.25", "2", "2.5", "1.0", "1", "8", "0.999", "100", "-1", "-0.5", "0.01", "true", "1e-7", '"2"', ".nan"),
    ),
    ("eval_dataset", ("more", "rows", "[more]", "nothing", '"more,rows"')),
    ("do_eval", ("true", "false")),
    ("eval_strategy", ("steps", "epoch", "no", '"no"', "off", "STEPS")),
    ("save_strategy", ("steps", "epoch", '"no"', "best", "no")),
    ("eval_steps", ("1", "2", "0.5", "0", "3.5", "-1")),
    ("save_steps", ("2", "4", "5", "0.5", "0", "1.5", "-1")),
    ("logging_steps", ("1", "0", "0.5", "1.5", "-1")),
    ("load_best_model_at_end", ("true",)),
    ("early_stopping_steps", ("2",)),
    ("metric_for_best_model", ("loss", "eval_loss", "accuracy")),
    ("streaming", ("true",)),
    ("max_steps", ("2", "0", "-1", "-5")),
    ("max_samples", ("4", "0", "100", "-1")),
    ("dataloader_num_workers", ("0", "1", "-1")),
    ("dataloader_prefetch_factor", ("2", "0", "null")),
    ("dataloader_persistent_workers", ("true",)),
    ("mix_strategy", ("concat", "interleave_under", "interleave_over", "interleave_once")),
    ("interleave_probs", ("0.5", '"0.5,0.5"', "[0.5, 0.5]", "[1.0]")),
    ("dataset", ('"rows,more"', "[rows, more]", "pairs", "rows", '"rows,nothing"')),
    ("packing", ("true", "false")),
    ("neat_packing", ("true",)),
    ("stage", ("pt", "rm", "dpo", "kto", "sft", "ppo")),
    ("finetuning_type", ("lora", "full", "freeze", "oft", "none")),
    ("lora_target", ("all", '"q_proj,v_proj"', "nothing", "[q_proj]")),
    ("lora_rank", ("4", "0", "-1", '"8"')),
    ("use_dora", ("true",)),
    ("use_rslora", ("true",)),
    ("pissa_init", ("true",)),
    ("loraplus_lr_ratio", ("16.0",)),
    ("use_badam", ("true",)),
    ("use_galore", ("true",)),
    ("use_apollo", ("true",)),
    ("pure_bf16", ("true",)),
    ("bf16", ("true",)),
    ("quantization_bit", ("4", "8", "3")),
    ("quantization_method", ("bnb", "bitsandbytes", "hqq")),
    ("train_on_prompt", ("true",)),
    ("mask_history", ("true",)),
    ("predict_with_generate", ("true",)),
    ("do_predict", ("true",)),
    ("compute_accuracy", ("true",)),
    ("resume_from_checkpoint", ("true", "false", "nothing")),
    ("adapter_name_or_path", ("nothing",)),
    ("resize_vocab", ("true",)),
    ("add_tokens", ("new", '"a,b"')),
    ("warmup_steps", ("2", "0.5", "-1", "1.5")),
    ("warmup_ratio", ("0.1", "1.5", "-0.1")),
    ("tokenized_path", ("saved",)),
    ("remove_unused_columns", ("true",)),
    ("group_by_length", ("true",)),
    ("train_sampling_strategy", ("group_by_length", "random", "sequential", "length")),
    ("preprocessing_num_workers", ("2", "0", "-1")),
    ("preprocessing_batch_size", ("0", "-1", "1")),
    ("ref_model", ("model",)),
    ("pref_loss", ("orpo", "simpo", "ipo", "kto_pair", "hinge")),
    ("dpo_label_smoothing", ("0.1",)),
    ("gradient_checkpointing_kwargs", ("{use_reentrant: false}", "{nothing: 1}")),
    ("neftune_noise_alpha", ("5", "5.0", "-1")),
)
SCHEDULES = (
    "linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt",
    "reduce_lr_on_plateau", "cosine_with_min_lr", "cosine_warmup_with_min_lr", "warmup_stable_decay", "greedy",
)  # fmt: skip
SCHEDULE_KEYS = (
    "{}", "{min_lr: 1e-6}", "{min_lr_rate: 0.1}", "{min_lr: 1e-6, min_lr_rate: 0.1}", "{num_decay_steps: 2}",
    "{num_stable_steps: 2, num_decay_steps: 2}", "{num_cycles: 2}", "{num_cycles: 0.5}", "{power: 2.0}",
    "{lr_end: 1.0}",     "{lr_end: 1e-7}",
    "{factor: 0.5}", "{factor: 1.5}", "{patience: 1}", "{timescale: 100}", "{nothing: 1}", "null",
    "'{\"num_cycles\": 2}'", "text", "{min_lr: 0.1}", "{min_lr_ratio: 0.1, num_decay_steps: 2}", "{mode: min}",
)  # fmt: skip


def values_of(argument: Argument) -> list[str]:
    """Texts of values, right and wrong, for a key."""
    values = [text for kind in argument.types for text in ODD.get(kind, ())]
    if argument.choices:
        values += [str(choice) for choice in argument.choices] * 2 + [argument.choices[0].upper()]
    if argument.default not in (None, ""):
        values.append(yaml.safe_dump(argument.default, default_flow_style=True).removesuffix("\n...\n").strip())
    return list(dict.fromkeys(values))


def single_lines(draw: random.Random, most: int) -> Iterator[str]:
    """Of every key, up to `most` of its values."""
    for key, argument in known_arguments().items():
        if key in LEFT_OUT or key.startswith(REACHING):
            continue
        values = values_of(argument)
        for value in draw.sample(values, min(most, len(values))):
            yield f"{key}: {value}\n"


def schedules(draw: random.Random, number: int) -> Iterator[str]:
    """A scheduler with arguments of its own and of others."""
    for _ in range(number):
        lines = f"lr_scheduler_type: {draw.choice(SCHEDULES)}\nlr_scheduler_kwargs: {draw.choice(SCHEDULE_KEYS)}\n"
        yield lines + draw.choice(("", "warmup_steps: 1\n", "val_size: 2\neval_strategy: steps\n"))


def together(draw: random.Random, number: int) -> Iterator[str]:
    """Two to four lines that may exclude each other."""
    for _ in range(number):
        keys = draw.sample(TOGETHER, draw.randint(2, 4))
        yield "".join(f"{key}: {draw.choice(values)}\n" for key, values in keys)


def training_files(number: int, seed: int) -> list[str]:
    """Changes of BASE, as text."""
    draw = random.Random(seed)
    singles = list(single_lines(draw, 4))
    draw.shuffle(singles)
    files = singles[: number * 6 // 10]
    files += schedules(draw, number // 10)
    files += together(draw, number - len(files))
    return files


def whole(change: str) -> str:
    """The training file of a change: its lines instead of, or after, those of BASE."""
    changed = {line.partition(":")[0] for line in change.splitlines()}
    kept = [line for line in BASE.splitlines(keepends=True) if line.partition(":")[0] not in changed]
    return "".join(kept) + change
