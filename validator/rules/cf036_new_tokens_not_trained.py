"""New tokens whose embedding is never trained.

## What it finds
`add_tokens`, `add_special_tokens` or `new_special_tokens_config` where the embedding is frozen: `additional_target`
without `embed_tokens` under LoRA (without it LLaMA-Factory adds the embedding itself), `freeze_language_model: true`,
`finetuning_type: freeze` without `embed_tokens` among `freeze_extra_modules`; and where lm_head, which is not tied to
the embedding, is left out of `additional_target`.

## Why it matters
A new token starts as the mean of all others plus noise. If its embedding row is not trained, the model reads noise for
it, and without lm_head it cannot learn to write it. Measured with LLaMA-Factory 0.9.5: rows of new tokens are trained
in full fine-tuning and in LoRA without `additional_target`; with `additional_target: visual.merger`, with
`freeze_language_model` and with `finetuning_type: freeze` they are the same after the run as before it.

## Example
`finetuning_type: lora`, `add_special_tokens: <box>,</box>`, `additional_target: visual.merger`

## What to do
Set `additional_target: embed_tokens,lm_head` plus what is already listed there. If the tokens are the model's own since
an earlier stage, nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase

KEYS = ("add_tokens", "add_special_tokens", "new_special_tokens_config")
EMBEDDING, HEAD = "embed_tokens", "lm_head"


@training_rule("CF036", "new-tokens-not-trained", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look whether the embedding is among what is trained."""
    config = case.config
    key = next((key for key in KEYS if config[key]), None)
    if key is None:
        return
    kind, targets = config["finetuning_type"], config.names("additional_target")
    frozen = None
    if kind == "full" and config["freeze_language_model"]:
        frozen = "`freeze_language_model: true`", "embedding", "Set freeze_language_model: false."
    elif kind == "freeze" and EMBEDDING not in config.names("freeze_extra_modules"):
        frozen = "`finetuning_type: freeze`", "embedding", f"Set freeze_extra_modules: {EMBEDDING},{HEAD}."
    elif kind in ("lora", "oft") and targets:
        ends = {target.rsplit(".", 1)[-1] for target in targets}
        untied = case.shape is not None and not case.shape.tied
        missing = [name for name in (EMBEDDING, HEAD) if name not in ends and (name == EMBEDDING or untied)]
        if missing:
            wanted = ",".join((*targets, *missing))
            why = f"`additional_target: {clip(','.join(targets))}`"
            frozen = why, " and ".join(missing), f"Set additional_target: {clip(wanted)}."
    if frozen is not None:
        why, what, remedy = frozen
        yield Hit(
            f"`{key}` adds tokens, but with {why} the {what} stays untrained: new tokens keep their random "
            "initial values",
            remedy,
            evidence={"key": key},
        )


RULE = check
