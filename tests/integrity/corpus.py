"""A stream of intact and damaged images of every format that Pillow opens, the same for the same seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from tests.integrity.crafted import crafted
from tests.integrity.damage import damage
from tests.integrity.handmade import handmade
from tests.integrity.written import written

MAX_DAMAGED_BYTES = 40_000
"""Larger intact files are damaged only seldom: they cost time and break alike."""


@dataclass(frozen=True)
class Image:
    """One file: the format it is meant to be, how it was made, and whether it was left as made."""

    format: str
    what: str
    data: bytes
    intact: bool = False


def corpus(count: int, seed: int) -> Iterator[Image]:
    """`count` files: all intact ones, all crafted PNGs, JPEGs for a quarter, then damage to every format in turn."""
    dice = random.Random(seed)
    made = [Image(*parts, intact=True) for parts in (*written(), *handmade())]
    tricky = [Image(*parts) for parts in crafted()]
    jpegs = [image for image in tricky if image.format == "JPEG"]
    chosen = [image for image in tricky if image.format == "PNG"] + dice.sample(jpegs, min(len(jpegs), count // 4))
    yield from islice((*made, *chosen, *_damaged(made, dice, max(0, count - len(made) - len(chosen)))), count)


def _damaged(made: list[Image], dice: random.Random, count: int) -> Iterator[Image]:
    by_format: dict[str, list[Image]] = {}
    for image in made:
        by_format.setdefault(image.format, []).append(image)
    # every format gets its share, those with many variants (and cheap checks) a larger one
    weights = [min(len(images), 100) ** 0.5 for images in by_format.values()]
    for name in dice.choices(list(by_format), weights, k=count):
        image = dice.choice(by_format[name])
        if len(image.data) > MAX_DAMAGED_BYTES and dice.random() < 0.8:
            image = min(dice.sample(by_format[name], min(4, len(by_format[name]))), key=lambda item: len(item.data))
        what, data = damage(image.data, name, dice)
        yield Image(name, f"{image.what}: {what}", data)
