"""A run that does not fit into the memory of its GPUs.

## What it finds
With `--gpu-memory`: an estimate of weights, gradients, optimizer and the worst batch's activations that exceeds it. It
is an error if the weights alone exceed it on one GPU, or under DeepSpeed on the number of GPUs given with `--gpus`;
otherwise a launcher may shard them (FSDP).

## Why it matters
`torch.OutOfMemoryError`: at once, at the first optimizer step (when Adam's state is made), or hours in, when the
longest rows happen to share a batch.

## Example
Full fine-tuning of Qwen2-VL-7B on one GPU of 24 GiB: 16 bytes for every parameter that is trained, 115 GiB.

## What to do
Adapters (`finetuning_type: lora`), 4 bits (`quantization_bit: 4`), ZeRO-3 or offloading for the state; a smaller
`per_device_train_batch_size`, `cutoff_len` or `image_max_pixels` for the worst batch. The assumptions of the estimate
are printed with the cost; it leaves out the vision tower's activations, CUDA's context and fragmentation, 1 to 3 GiB.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.memory import memory_of
from validator.training.record import TrainingCase
from validator.training.shape import GIB


@training_rule("CF039", "memory-of-run", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Compare the estimate with what a GPU has."""
    needed = memory_of(case)
    if case.gpu_memory is None or needed is None or needed.fits(case.gpu_memory):
        return
    sharing_known = case.gpus == 1 or (case.gpus is not None and case.deepspeed is not None)
    alone = sharing_known and needed.weights > case.gpu_memory * GIB
    what = "the weights alone need" if alone else "the run needs"
    size = needed.weights if alone else needed.total
    state = needed.state > case.gpu_memory * GIB
    parts = {
        "of weights": needed.weights,
        "of gradients and optimizer": needed.state - needed.weights,
        "of activations": needed.activations,
    }
    listed = ", ".join(f"{number / GIB:.1f} {part}" for part, number in parts.items())
    yield Hit(
        f"{what} about {size / GIB:.1f} GiB per GPU, which has {case.gpu_memory:g}: {listed}",
        "Train adapters (lora), quantize (quantization_bit: 4), or shard the state (ZeRO-3, offloading)."
        if state
        else "Lower per_device_train_batch_size, cutoff_len or image_max_pixels.",
        evidence={"bytes": needed.total, "weights": needed.weights, "memory_gib": case.gpu_memory},
        severity="error" if alone else None,
    )


RULE = check
