"""Rows with short answers dominate the training.

## What it finds
Data in which the rows with the shortest answers carry half of the weight of the loss but at most a fifth of all label
tokens, under the trainer's normalisation: for models with a processor LLaMA-Factory takes the mean over the labels of
each micro-batch, then the mean over micro-batches and ranks. The message shows the label counts of these data.

## Why it matters
With a batch of one, a row with 2 labels weighs as much as one with 400: each of its tokens weighs 200 times as much.
Its gradient is several times as long (measured: one label 36, thirty labels 2.8), and the gradient norm jumps with the
mix of rows.

## Example
Taps of 8 tokens beside descriptions of 300, `per_device_train_batch_size: 1`.

## What to do
Larger `per_device_train_batch_size` with fewer `gradient_accumulation_steps`: the mean is then taken over more rows.
This helps against short answers and gives a long wrong answer more weight.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, training_rule
from validator.training.record import TrainingCase
from validator.training.share import weights

SHARE_OF_TOKENS = 0.2


@training_rule("CF017", "short-answers-dominate", "warning")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Weigh rows, shortest answers first, up to half of the loss."""
    data, config = case.data, case.config
    if data is None or data.rows < 10 or config.packs or not data.labels.any():
        return
    labels, weight = weights(data, config)
    order = labels.argsort(kind="stable")
    number = int((weight[order].cumsum() / weight.sum()).searchsorted(0.5)) + 1
    share = float(labels[order[:number]].sum() / labels.sum())
    if share <= SHARE_OF_TOKENS:
        low, middle, high = (int(labels[order[int(part * (len(order) - 1))]]) for part in (0.1, 0.5, 0.9))
        size = config["per_device_train_batch_size"]
        yield Hit(
            f"rows with at most {int(labels[order[number - 1]])} labels hold {share:.0%} of the label tokens but half "
            f"of the loss at `per_device_train_batch_size` {size} (labels per row: "
            f"p10 {low}, p50 {middle}, p90 {high}): a token of a short answer weighs up to "
            f"{high / max(low, 1):.0f} times as much as one of a long answer",
            "Raise per_device_train_batch_size and lower gradient_accumulation_steps.",
            evidence={
                "key": "per_device_train_batch_size",
                "share_of_label_tokens": round(share, 4),
                "labels_p10_p50_p90": [low, middle, high],
            },
        )


RULE = check
