"""What the start of training says of a DeepSpeed configuration: refusals in their order, and keys that nobody reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from validator.training.config import TrainingConfig
from validator.training.deepspeed_parser import engine, parser
from validator.training.deepspeed_parser.filled import (
    DeepSpeedRefusal,
    Filling,
    RefusedError,
    at_the_start,
    filling,
    when_the_trainer_is_made,
    when_training_starts,
)
from validator.training.deepspeed_parser.release import Release, release_of
from validator.training.versions import Versions


def refusals(
    raw: dict[str, Any], config: TrainingConfig, *, versions: Versions, world: int | None, hidden: int | None
) -> list[DeepSpeedRefusal]:
    """Every refusal, the first as the trainer meets it: it would stop there. `world`: GPUs, None where not known;
    `hidden`: the model's hidden size.
    """
    filled = filling(raw, config, world=world, versions=versions, hidden=hidden)
    try:
        at_the_start(filled)
    except RefusedError as error:
        return [error.refusal]
    release = release_of(versions)
    found: dict[str, DeepSpeedRefusal] = {}
    steps = (_parsed, _made, _started) if filled.is_zero_3 else (_made, _started, _parsed)
    for step in steps:
        for refusal in step(filled, release):
            found.setdefault(refusal.key, refusal)
    for refusal in engine.refused(filled.raw, release):
        found.setdefault(refusal.key, refusal)
    return list(found.values())


def _parsed(filled: Filling, release: Release) -> Iterator[DeepSpeedRefusal]:
    """DeepSpeed's own parser: when training starts, under ZeRO-3 when the model is loaded."""
    yield from parser.refused(filled.raw, release, filled.world)


def _made(filled: Filling, release: Release) -> Iterator[DeepSpeedRefusal]:
    try:
        when_the_trainer_is_made(filled)
    except RefusedError as error:
        yield error.refusal


def _started(filled: Filling, release: Release) -> Iterator[DeepSpeedRefusal]:
    try:
        when_training_starts(filled)
    except RefusedError as error:
        yield error.refusal
    yield from filled.mismatches


def ignored(raw: dict[str, Any], release: Release) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(dotted key, the keys that are known beside it) of what DeepSpeed's parser never looks up."""
    removed = release.rows("removed", "")
    for key in raw:
        if key not in release.top_keys and key not in removed:
            yield key, release.top_keys
    for section in release.sections("keys"):
        there = raw.get(section) if section not in ("", "pipeline") else None
        known = tuple(release.rows("keys", section))
        if isinstance(there, dict):
            yield from ((f"{section}.{key}", known) for key in there if key not in known)
