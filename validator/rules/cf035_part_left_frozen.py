"""A part of the model that LoRA does not train although the file unfreezes it.

## What it finds
`freeze_multi_modal_projector: false` or `freeze_vision_tower: false` with LoRA (or OFT) on a Qwen2-VL, where
`lora_target` reaches no layer of that part and `additional_target` does not name it. And `adapter_name_or_path` without
`create_new_adapter`, where the adapter on this machine has another `lora_rank` or `lora_alpha` than the file says, or
lacks what `additional_target` names or a part that the file unfreezes.

## Why it matters
`lora_target: all` never reaches the projector, and names such as `q_proj,v_proj` reach no layer of the vision tower,
whose layers are called qkv, proj, fc1 and fc2. The trainer says how many parameters are trained, not which ones, and
the part stays unchanged. Measured with LLaMA-Factory 0.9.5: with `freeze_vision_tower: false` and
`freeze_multi_modal_projector: false` `all` trains language model and vision tower, `q_proj,v_proj` the language model
alone; with `additional_target: visual.merger` the projector is trained.

An adapter that is trained further keeps its original settings: the file's rank, alpha and targets are not read.
Measured the same way: an adapter of `q_proj` and rank 2, trained further with `lora_rank: 16` and `lora_target: all`,
has as many trained values as before, and with `additional_target: visual.merger` the projector is not trained; with
`create_new_adapter: true` both are as the file says.

## Example
`finetuning_type: lora`, `lora_target: all`, `freeze_multi_modal_projector: false`

## What to do
`additional_target: visual.merger` trains the projector in full; `lora_target: all` reaches the vision tower.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, training_rule
from validator.training.adapter import Adapter
from validator.training.config import TrainingConfig
from validator.training.record import TrainingCase

ANEW = "Set create_new_adapter: true, which merges it into the model and creates a new one."
PARTS = {
    "freeze_vision_tower": (
        "vision tower",
        tuple(f"model.visual.blocks.0.{layer}" for layer in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")),
        "Set lora_target: all.",
    ),
    "freeze_multi_modal_projector": (
        "projector",
        tuple(f"model.visual.merger.mlp.{layer}" for layer in (0, 2)),
        "Set additional_target: visual.merger.",
    ),
}
"""Key, what it frees, the names of that part's linear layers, and what trains it."""


@training_rule("CF035", "part-left-frozen", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look at what an adapter that training goes on with was made with; else whether a target is a part of a layer's
    name, as `patch_target_modules` does.
    """
    config, adapter = case.config, case.adapter
    if adapter is not None:
        yield from _of_adapter(config, adapter)
    if config["finetuning_type"] not in ("lora", "oft") or case.model_type != "qwen2_vl":
        return
    targets: tuple[str, ...] | None
    targets = config.names("lora_target" if config["finetuning_type"] == "lora" else "oft_target")
    saved, source = config.names("additional_target"), f"`lora_target` {clip(','.join(targets))}"
    if adapter is not None:
        targets, saved, source = adapter.targets, adapter.saved, f"the adapter {clip(adapter.name)}"
    for key, (part, layers, remedy) in PARTS.items():
        if config[key] or config.given.get(key) is None or targets is None:
            continue
        every = targets == ("all",) and key == "freeze_vision_tower"
        if not every and not any(_meet(name, layer) for name in (*targets, *saved) for layer in layers):
            yield Hit(
                f"`{key}: false`, but {source} matches no layer of the {part}: it is not trained",
                remedy if adapter is None else ANEW,
                evidence={"key": key},
            )


def _meet(name: str, layer: str) -> bool:
    """Whether a name is a part of a layer's, or ends as it does: that of another block."""
    return name in layer or name.rsplit(".", 1)[-1] == layer.rsplit(".", 1)[-1]


def _of_adapter(config: TrainingConfig, adapter: Adapter) -> Iterator[Hit]:
    """What the file asks for, and the adapter that is gone on with is not."""
    wanted = {"lora_rank": adapter.rank, "lora_alpha": adapter.alpha}
    said = [
        (key, f"`{key}: {config[key]}` has no effect, it has {made:g}")
        for key, made in wanted.items()
        if config.given.get(key) is not None and made is not None and config[key] != made
    ]
    ends = {name.rsplit(".", 1)[-1] for name in adapter.saved}
    missing = [name for name in config.names("additional_target") if name.rsplit(".", 1)[-1] not in ends]
    if missing:
        said.append(("additional_target", f"`additional_target` {clip(','.join(missing))} is not trained"))
    for key, words in said:
        yield Hit(
            f"`adapter_name_or_path` {clip(adapter.name)} is trained further with its own settings: {words}",
            ANEW,
            evidence={"key": key, "adapter": clip(adapter.name)},
        )


RULE = check
