"""The paired test: does training on a sample raise the loss on others, seed after seed, beyond what chance does?

A course is a few optimizer steps of four samples. In one the sample is in each step, in the other a control is, and all
else is the same; a third with another control in its place says what such a difference is worth. `docs/replay.md`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from validator.facts.replayed import Drift
from validator.replaying.job import COURSE, Answer, Job, Key, Task
from validator.replaying.remedies import COURSES

SEEDS, STEPS, WARM, HELD_OUT = 12, 6, 4, 8
"""Courses of each kind, steps of a course, steps on controls before it, samples that the loss is taken of."""
WINDOW = 4
"""Samples of a step."""
LEAST = HELD_OUT + 2 + WINDOW
"""Controls that a test needs: two take the sample's place."""
BEYOND, OFTEN = 3.0, 10 / 12
"""A sample destabilises where the median lies beyond 3 bands, and the loss rises in 10 of 12 seeds."""
Ask = Callable[[str, Sequence[Task]], Mapping[Key, Answer]]
"""What is done, and its tasks -> the answers by sample."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What one seed draws: the controls that take the sample's place, and the partners of its courses."""

    control: Job
    other: Job
    partners: tuple[Job, ...]


def draws(pool: Sequence[Job], seeds: int) -> list[Draw]:
    """Draw from controls; the samples that the loss is taken of are the same in all, and in no step."""
    stride = len(pool) // HELD_OUT
    held_out = pool[::stride][:HELD_OUT]
    apart = {job.key for job in held_out}
    rest = [job for job in pool if job.key not in apart]
    found = []
    for seed in range(seeds):
        dice = random.Random(seed)
        control, other, *others = dice.sample(rest, len(rest))
        warm = [job for _ in range(WARM) for job in dice.sample(others, WINDOW)]
        beside = [job for _ in range(STEPS) for job in dice.sample(others, WINDOW - 1)]
        found.append(Draw(control, other, (*warm, *beside, *held_out)))
    return found


def paired(samples: Sequence[Job], pool: Sequence[Job], ask: Ask, seeds: int = SEEDS) -> dict[Key, tuple[Drift, ...]]:
    """Train on samples and on controls in their place. Samples whose courses do not come to an end are left out."""
    losses: list[tuple[Draw, Mapping[Key, Answer]]] = []
    for number, draw in enumerate(draws(pool, seeds), 1):
        tasks = [Task(job, (COURSE,), draw.partners) for job in (draw.control, draw.other, *samples)]
        answers = ask(f"training steps, seed {number} of {seeds}", tasks)
        losses.append((draw, answers))
        if not answers[draw.control.key].losses:  # no memory for them, say: it will not be there for the others either
            break
    return {job.key: found for job in samples if (found := _drifts(job.key, losses))}


def _drifts(key: Key, courses: Sequence[tuple[Draw, Mapping[Key, Answer]]]) -> tuple[Drift, ...]:
    found = []
    for name in COURSES:
        triples = []
        for draw, answers in courses:
            three = [answers[asked].losses for asked in (key, draw.control.key, draw.other.key)]
            if all(name in losses for losses in three) and all(math.isfinite(losses[name]) for losses in three[1:]):
                triples.append(tuple(losses[name] for losses in three))
        if triples:
            found.append(drift(name, *zip(*triples, strict=True)))
    return tuple(found)


def drift(name: str, mine: Sequence[float], control: Sequence[float], other: Sequence[float]) -> Drift:
    """Compare the losses after courses, seed by seed. Those with controls are finite; one that is not has risen."""
    changes = [loss - base if math.isfinite(loss) else math.inf for loss, base in zip(mine, control, strict=True)]
    chance = [loss - base for loss, base in zip(other, control, strict=True)]
    low, high = np.percentile(chance, (25, 75))
    band, median = float(high - low), float(np.median(changes))
    raised = sum(change > 0 for change in changes)
    destabilises = median > BEYOND * band and raised >= OFTEN * len(changes)
    return Drift(name, median if math.isfinite(median) else None, raised, len(changes), band, destabilises)
