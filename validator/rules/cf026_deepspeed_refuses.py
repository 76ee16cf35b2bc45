"""DeepSpeed refuses its configuration.

## What it finds
What transformers, accelerate or DeepSpeed would stop at, by the release that training runs with (`--versions`, else the
one installed here, else the newest release known here): keys that a block does not know (`zero_optimization`,
`offload_optimizer`, from 0.17.1 on `fp16` and `bf16`, ...), values of a wrong type or out of range, `"auto"` where
nothing fills it, options that exclude each other, batch sizes that do not multiply, schedulers and optimizers that do
not exist or do not take a parameter, keys that a release removed and refuses even when they are off.

## Why it matters
Nearly all of these errors appear only when training starts: after the data are preprocessed and the model is loaded.
What one release accepts another refuses: 0.14 reads `"reduce_bucket_size": 1.5` as 1, 0.15 refuses it; 0.19.3 refuses
`"warmup_num_steps": 0`, which is also what `"auto"` becomes in a training file without warmup.

The table is read from the released packages 0.14.4 to 0.19.8 (their pydantic models, the keys that their parser looks
up, their schedulers and optimizers), and the verdicts are compared with the real parser's. Not judged: the blocks
`data_efficiency`, `expert_parallel`, `weight_quantization`, `datastates_ckpt`, and, in releases that still have them,
`compression_training`, `elasticity`, `nebula`, `sparse_attention`, `quantize_training`, `curriculum_learning`.

## Example
`"zero_optimization": {"stage": 2, "reduce_bucket_sizes": 500000000}`

## What to do
Correct the key or the value that the message names.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, training_rule
from validator.training.config import shown
from validator.training.deepspeed_parser.filled import DeepSpeedRefusal
from validator.training.deepspeed_parser.models import known_keys
from validator.training.deepspeed_parser.release import Release
from validator.training.record import TrainingCase

MOST = 20
"""Findings of one file; the others are counted."""
LATE = ", only after the data are preprocessed and the model is loaded"


@training_rule("CF026", "deepspeed-refuses", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Say each refusal; what contradicts the training file is CF009's."""
    if case.deepspeed is None:
        return
    found = [refusal for refusal in case.deepspeed_refusals if refusal.mismatch is None]
    for refusal in found[:MOST]:
        value = case.deepspeed.get(refusal.key)
        said = f" ({shown(value)})" if value is not None and not isinstance(value, (dict, list)) else ""
        yield Hit(
            f"`{clip(refusal.key, 120)}`{said} in {case.deepspeed.name}: {case.release.shown} stops training with "
            f"{refusal.error}: {clip(refusal.says, 300)}{LATE if refusal.late else ''}",
            advice(refusal, case.release),
            evidence={"key": clip(refusal.key, 120), "error": refusal.error, "deepspeed": case.release.version},
        )
    if len(found) > MOST:
        yield Hit(
            f"{len(found) - MOST:,} more keys of {case.deepspeed.name} are refused", "Correct the ones listed first."
        )


def advice(refusal: DeepSpeedRefusal, release: Release) -> str:
    """What to write instead."""
    section, _, key = refusal.key.rpartition(".")
    short = clip(refusal.key, 120)
    if refusal.error == "DeepSpeedConfigError" and "removed" in refusal.says:
        return f"Remove `{short}`, even if it is off."
    if "not permitted" in refusal.says:
        near = difflib.get_close_matches(key[:120], known_keys(section, release), n=1, cutoff=0.75)
        return f"Write `{near[0]}`, or remove `{short}`." if near else f"Remove `{short}`."
    if "not found in kwargs" in refusal.says:
        return f'Write a value for `{short}`, or remove it: nothing fills "auto" there.'
    if "unexpected keyword argument" in refusal.says:
        return f"Remove `{short}`."
    if key == "warmup_num_steps":
        return 'Give the training file a number of warmup_steps and write "warmup_num_steps": "auto", or use no warmup.'
    if "batch related" in refusal.says:
        return 'Write "auto" for train_batch_size, train_micro_batch_size_per_gpu and gradient_accumulation_steps.'
    return f"Correct `{short}`."


RULE = check
