"""A key in the training file that the trainer does not know.

## What it finds
Keys that none of the trainer's argument groups has (LLaMA-Factory 0.9.5 with transformers 5.6), with the nearest known
key. Keys that earlier releases knew are named too, unless `--versions` says that such a release is used; so is
`reasoning_effort`, a key of the main branch, where the release that is used is older.

## Why it matters
The run stops at start-up: `ValueError: Some keys are not used by the HfArgumentParser: ['image_max_pixel']`. With
`ALLOW_EXTRA_ARGS=1` it goes on without the setting, which is worse.

## Example
`image_max_pixel: 1048576`

## What to do
Correct the key, or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Hit, training_rule
from validator.training.arguments import EARLIER, MAIN, MAIN_SINCE, argument_table
from validator.training.config import near
from validator.training.record import TrainingCase
from validator.training.versions import TRAINER

SHOWN = 20
"""Unknown keys that are named, each with the nearest known one."""


@training_rule("CF001", "training-key-unknown", "error")
def check(case: TrainingCase) -> Iterator[Hit]:
    """Look at the keys that were not recognised."""
    stops = "the trainer stops with ValueError: Some keys are not used by the HfArgumentParser"
    for key in case.config.unknown[:SHOWN]:
        close = near(key)
        yield Hit(
            f"`{clip(key)}` is not a LLaMA-Factory key: {stops}",
            f"Did you mean `{close}`?" if close else "Remove it.",
            evidence={"key": clip(key), "near": close},
        )
    if (more := len(case.config.unknown) - SHOWN) > 0:
        yield Hit(f"{more:,} more keys are unknown to LLaMA-Factory: {stops}", "Check that this is a training file.")
    if case.versions.before(TRAINER, MAIN_SINCE):
        for key in MAIN.keys() & case.config.given.keys():
            yield Hit(
                f"`{key}` is a key of LLaMA-Factory's main branch: under {case.versions.shown(TRAINER)} {stops}",
                "Remove it, or train with LLaMA-Factory's main branch.",
                evidence={"key": key, "near": None},
            )
    for key in case.config.earlier:
        package, last = EARLIER[key]
        now = argument_table()["versions"]
        mine = case.versions[package] if package in case.versions.given else None
        if (
            mine is None
            or mine[: 1 if package == "transformers" else 3] > tuple(map(int, last.split(".")))[: len(mine)]
        ):
            yield Hit(
                f"`{key}` is a key of earlier releases (up to {package} {last}): under LLaMA-Factory {now[TRAINER]} "
                f"with transformers {now['transformers']} {stops}",
                f"Remove it, or name the release you train with: --versions {package}=VERSION.",
                evidence={"key": key, "last": f"{package} {last}"},
            )


RULE = check
