"""A sample and three controls in one optimizer step of four samples: what each way of weighting makes of it.

Gradients are linear in the loss, so that those of the samples alone, weighted, are those of the step.
"""

from __future__ import annotations

from collections.abc import Sequence

from validator.facts.replayed import Step, Weighting, Window
from validator.replaying.job import PARTNERS
from validator.replaying.watch import Gradients, combined

WEIGHTINGS: tuple[Weighting, ...] = ("mean", "pairs", "tokens")


def windows(ran: Sequence[tuple[Step, Gradients]]) -> tuple[Window, ...]:
    """The step under each weighting. `ran`: the sample, three controls, and the one for comparison."""
    sample, others, spare = ran[0], ran[1:PARTNERS], ran[PARTNERS]
    made = []
    for weighting in WEIGHTINGS:
        weights = shares(weighting, [step.num_label_tokens for step, _ in (sample, *others)])
        without = shares(weighting, [step.num_label_tokens for step, _ in (spare, *others)])
        made.append(
            Window(
                weighting,
                weights[0],
                weights[0] * (sample[0].grad_norm or 0.0),
                _norm(weights, (sample, *others)),
                _norm(without, (spare, *others)),
            )
        )
    return tuple(made)


def shares(weighting: Weighting, labels: Sequence[int]) -> list[float]:
    """The weight of each sample's mean loss in the loss of the step, by the labels of the four.

    `mean`: LLaMA-Factory with `per_device_train_batch_size` 1 and accumulation 4 where the model's loss is a mean
    (transformers before 4.50 for Qwen2-VL). `pairs`: batch 2, accumulation 2. `tokens`: one mean over all labels.
    """
    if weighting == "mean":
        return [1 / len(labels)] * len(labels)
    size = 2 if weighting == "pairs" else len(labels)
    groups = [labels[start : start + size] for start in range(0, len(labels), size)]
    return [number / max(sum(group), 1) / len(groups) for group in groups for number in group]


def _norm(weights: Sequence[float], ran: Sequence[tuple[Step, Gradients]]) -> float:
    return combined([(weight, gradients) for weight, (_, gradients) in zip(weights, ran, strict=True)])
