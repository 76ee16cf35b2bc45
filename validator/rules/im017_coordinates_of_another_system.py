"""Coordinates in another system than the model's own.

## What it finds
Entries whose boxes and points cannot be in the system of coordinates that the model was trained on: in every row they
can be in another one, and in some rows in no other. Qwen2-VL and Qwen3-VL were trained on 0 to 1000, whatever the size
of the image; Qwen2.5-VL on pixels of the image as it is fed, after resizing. Only what is certain counts: beyond 1000,
beyond the image as it is fed, beyond the stored image, fractions of 1.

## Why it matters
Nothing fails and nothing is logged: the trainer rewrites no coordinates (ms-swift scales those of `objects` and no
others). The model learns to point at places that it does not see there, and evaluation shows an mAP near 0
(LLaMA-Factory #9279, #7015, #7690; Qwen3-VL #1161, #1616).

## Example
`{"bbox_2d": [1060, 540, 1120, 580]}` for a screenshot of 1920 x 1080, to train Qwen3-VL.

## What to do
Convert all coordinates of the entry: `mmvalidate export --fix` does it where the system is certain, and
`--boxes-are pixels` (or `0-1000`, `0-1`, `fed`) says what it is where that is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.coordinates.systems import BITS, WORDS, Size, System, bounds
from validator.findings import count
from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.pointing import SURE, Example, Systems, family_of, fold, merge, own_of
from validator.rules.scope import every


def finish(systems: Systems, entry: EntryFacts) -> Iterator[Hit]:
    """Speak where all rows agree in systems of which none is the model's own."""
    own = own_of(entry.settings)
    against, others = systems.against(own), systems.others(own)
    if not against.rows or not others or own in others:
        return
    certain = systems.certain(own)
    image = systems.images[next(bits for bits in sorted(systems.of_bits) if not bits & BITS[own])]
    said = (
        f"{' or '.join(WORDS[system] for system in others)}, not {WORDS[own]} as {family_of(entry.settings)} reads them"
    )
    among = f"{count(systems.rows, 'row')} with boxes or points"
    few = against.rows < SURE * systems.rows
    yield Hit(
        f"coordinates of {against} of {among} can only be {said}; the others may be either"
        if few
        else f"coordinates are {said}: certain in {against} of {among}",
        "Look at these rows first: they may be mistakes. " + _advice(others, own, image, None)
        if few
        else _advice(others, own, image, certain),
        evidence={
            "systems": others,
            "own": own,
            "certain": certain,
            "rows": systems.rows,
            "rows_certain": against.rows,
            "image": list(image.stored),
            "fed": list(image.fed) if image.fed else None,
            "examples": [list(example) for example in systems.examples],
        },
    )


def _advice(others: list[System], own: System, image: Example, certain: System | None) -> str:
    by = _scale(others[0], own, image) if len(others) == 1 else f"Convert all coordinates to {WORDS[own]}."
    if certain is not None:
        return f"{by} `mmvalidate export --fix` does it."
    return f"{by} `mmvalidate export --fix --boxes-are {others[0]}` does it, if that is what they are."


def _scale(source: System, own: System, image: Example) -> str:
    """By what coordinates are multiplied, with the numbers of one image."""
    if image.fed is None:
        return f"Convert all coordinates to {WORDS[own]}."
    start, end = bounds(source, image.stored, image.fed), bounds(own, image.stored, image.fed)
    by = " and ".join(
        f"{axis} by {_named(own, side, end, place)}/{_named(source, side, start, place)}"
        for place, (axis, side) in enumerate((("x", "width"), ("y", "height")))
    )
    return (
        f"Multiply {by}: by {end[0] / start[0]:.4g} and {end[1] / start[1]:.4g} for an image of "
        f"{image.stored[0]}x{image.stored[1]} pixels, fed as {image.fed[0]}x{image.fed[1]}."
    )


def _named(system: System, side: str, size: Size, place: int) -> str:
    return {"pixels": side, "fed": f"fed {side}"}.get(system, str(size[place]))


RULE = corpus_rule(
    "IM017",
    "coordinates-of-another-system",
    "warning",
    CorpusCheck(finish, Systems, fold, merge, needs="shapes", shared="coordinates"),
    trainers=every,
)
