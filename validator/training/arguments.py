"""Every key of a LLaMA-Factory training file: type, choices and default.

The table is made by `scripts/make_training_arguments.py` from the dataclasses of the published package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from validator.training.versions import TRAINER

_TRANSFORMERS_4 = (
    "adafactor dispatch_batches evaluation_strategy fp16_backend fp16_opt_level fsdp_min_num_params "
    "fsdp_transformer_layer_cls_to_wrap group_by_length half_precision_backend include_inputs_for_metrics "
    "include_tokens_per_second jit_mode_eval mp_parameters no_cuda past_index per_gpu_eval_batch_size "
    "per_gpu_train_batch_size push_to_hub_model_id push_to_hub_organization push_to_hub_token ray_scope "
    "save_safetensors split_batches torchdynamo tpu_metrics_debug tpu_num_cores use_ipex "
    "use_legacy_prediction_loop use_mps_device"
)
_TRAINER_EARLIER = {
    "0.9.1": "image_dir image_resolution video_resolution train_mm_proj_only",
    "0.9.2": "new_special_tokens",
    "0.9.4": "placement_strategy ray_run_name ray_storage_path ray_storage_filesystem resources_per_worker chunk_size "
    "cpu_infer kt_force_think kt_maxlen kt_mode kt_optimize_rule kt_use_cuda_graph mode",
}
EARLIER = dict.fromkeys(_TRANSFORMERS_4.split(), ("transformers", "4.57.1")) | {
    name: (TRAINER, release) for release, names in _TRAINER_EARLIER.items() for name in names.split()
}
"""Keys that earlier releases knew, with the last release that did. Source: the wheels of LLaMA-Factory 0.9.0 to 0.9.4
and transformers 4.49.0 and 4.57.1.
"""


UNBOUNDED = ("max_grad_norm",)
"""Infinity there measures gradients and clips none."""
_SPLIT = (
    "dataset eval_dataset freeze_trainable_modules freeze_extra_modules lora_target oft_target additional_target "
    "galore_target apollo_target"
)
LISTS = dict.fromkeys(_SPLIT.split(), ("str",)) | {"interleave_probs": ("float", "int", "str")}
"""Source: the calls of `split_arg` in `hparams/*.py` of LLaMA-Factory 0.9.5."""
BOUNDED = ("adam_beta1", "adam_beta2")
"""Shares: at 1 and above the optimizer refuses them."""
LARGEST = 2**63
"""Whole numbers from here on are beyond torch, numpy and JSON."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One key: the names of the types that its value may have, its texts where only some are allowed, its default.
    `unbounded`: infinity is a value with a meaning. `items`: its text is split at commas, and may be a list of these.
    """

    name: str
    types: tuple[str, ...]
    default: Any
    choices: tuple[str, ...] = ()
    unbounded: bool = False
    items: tuple[str, ...] = ()

    @property
    def bounded(self) -> bool:
        """Whether its numbers have bounds that kinds of numbers (0, between 0 and 1, 1 and above) tell apart."""
        return self.name in BOUNDED

    def expects(self, value: Any) -> bool:
        """Whether a value has one of the types, and is one of the words where only some are allowed."""
        return self.fits(value) and (not self.choices or value is None or value in self.choices)

    def fits(self, value: Any) -> bool:
        """Whether a value has one of the types, and a number is one that can be counted with. A whole number is as good
        as a float, in some keys a list as good as text with commas.
        """
        if isinstance(value, float) and not math.isfinite(value):
            return value == math.inf and self.unbounded
        if isinstance(value, int) and not -LARGEST <= value < LARGEST:
            return False
        if "any" in self.types or kind_of(value) in self.types:
            return True
        if isinstance(value, list):
            return bool(self.items) and all(kind_of(item) in self.items for item in value)
        return kind_of(value) == "int" and "float" in self.types


def kind_of(value: Any) -> str:
    """`bool`, `int`, `float`, `str`, `list`, `dict` or `null`."""
    return "null" if value is None else type(value).__name__


MAIN = {"reasoning_effort": Argument("reasoning_effort", ("str",), "xhigh", ("xhigh", "medium", "low"))}
"""Keys of LLaMA-Factory's main branch that no release has. Source: llamafactory-kt 0.9.6.dev0 `hparams/data_args.py`.
"""
MAIN_SINCE = "0.9.6"


def argument_named(name: str) -> Argument:
    """A key of a release, or of the main branch. Raises KeyError where there is none."""
    return MAIN[name] if name in MAIN else known_arguments()[name]


@cache
def argument_table() -> dict[str, Any]:
    """The table: `versions` of the packages that it is made from, and `arguments`."""
    return orjson.loads(files("validator.assets").joinpath("training_arguments.json").read_bytes())  # type: ignore[no-any-return]


@cache
def known_arguments() -> dict[str, Argument]:
    """All keys, in the order of names."""
    return {
        name: Argument(
            name,
            tuple(item["types"]),
            item["default"],
            tuple(item.get("choices", ())),
            name in UNBOUNDED,
            LISTS.get(name, ()),
        )
        for name, item in argument_table()["arguments"].items()
    }
