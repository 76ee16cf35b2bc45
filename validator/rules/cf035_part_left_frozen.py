"""LoRA that leaves a part of the model as it is, though the file does not freeze it.

## What it finds
`freeze_multi_modal_projector: false` or `freeze_vision_tower: false` with LoRA (or OFT) on a Qwen2-VL, where
`lora_target` reaches no layer of that part and `additional_target` does not name it.

## Why it hurts
`lora_target: all` never reaches the projector, and names such as `q_proj,v_proj` reach no layer of the vision tower,
whose layers are called qkv, proj, fc1 and fc2. The trainer says how many parameters are trained, not which, and the
part stays as it was. Run with LLaMA-Factory 0.9.5: with `freeze_vision_tower: false` and
`freeze_multi_modal_projector: false` `all` trains language model and vision tower, `q_proj,v_proj` the language model
alone; with `additional_target: visual.merger` the projector is trained.

## Example
`finetuning_type: lora`, `lora_target: all`, `freeze_multi_modal_projector: false`

## What to do
`additional_target: visual.merger` trains the projector in full; `lora_target: all` reaches the vision tower.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase

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
    """Look whether a target is a part of a layer's name, as `patch_target_modules` does."""
    config = case.config
    if config["finetuning_type"] not in ("lora", "oft") or case.model_type != "qwen2_vl":
        return
    targets = config.names("lora_target" if config["finetuning_type"] == "lora" else "oft_target")
    for key, (part, layers, remedy) in PARTS.items():
        if config[key] or config.given.get(key) is None:
            continue
        every = targets == ("all",) and key == "freeze_vision_tower"
        reached = every or any(target in layer for target in targets for layer in layers)
        named = any(name in layer for name in config.names("additional_target") for layer in layers)
        if not reached and not named:
            yield Hit(
                f"`{key}: false`, and `lora_target` {clip(','.join(targets))} reaches no layer of the {part}: it stays "
                "as it is",
                remedy,
                evidence={"key": key, "lora_target": clip(",".join(targets))},
            )


RULE = check
