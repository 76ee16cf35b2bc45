"""Boxes that were converted for other limits.

## What it finds
Entries of an export whose boxes and points `mmvalidate export --fix` has written as pixels of the image as it is fed,
judged under limits, a trainer or a model at which images are fed at another size. The export notes what it was made for
in dataset_info.json (`_coordinates`), which trainers ignore.

## Why it matters
Qwen2.5-VL reads pixels of the resized image: with another `image_max_pixels` every image above the lower limit has
another size, and every box in it points beside its object. Nothing is logged.

## Example
A copy made under `image_max_pixels: 262144`, and trained with 1048576.

## What to do
Export the original again under the limits that you train with, or train with those of the copy. Coordinates from 0 to
1000, for Qwen2-VL and Qwen3-VL, depend on no limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from validator.facts.located import fed_size
from validator.facts.recipe import limits_of
from validator.findings import clip
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.pointing import shapes_of
from validator.rules.scope import every
from validator.settings import Settings
from validator.tokens.processor import load_processor

_LIMITS = ("image_max_pixels", "image_min_pixels")
_MOST = 4096
"""Sizes that are told apart."""
_OTHERS = "other"
Sizes = dict[str, int]
"""Rows with boxes by the size of the first image that one lies in, as `1920x1080`; beyond `_MOST` as `_OTHERS`."""


def fold(sizes: Sizes, case: Case) -> None:
    """Count a row by its image."""
    row = shapes_of(case)
    if row is not None:
        width, height = row.shapes[0].frames[0].stored
        key = f"{width}x{height}"
        key = key if key in sizes or len(sizes) < _MOST else _OTHERS
        sizes[key] = sizes.get(key, 0) + 1


def merge(left: Sizes, right: Sizes) -> Sizes:
    """Join two parts of an entry."""
    joined = dict(left)
    for key, rows in right.items():
        key = key if key in joined or len(joined) < _MOST else _OTHERS
        joined[key] = joined.get(key, 0) + rows
    return joined


def finish(sizes: Sizes, entry: EntryFacts) -> Iterator[Hit]:
    """Compare the settings of the export with these."""
    note = entry.entry.coordinates if entry.entry else {}
    if note.get("system") != "fed" or not sizes:
        return
    now = entry.settings.model_dump()
    other = [name for name in ("trainer", "processor", *_LIMITS) if name in note and note[name] != now[name]]
    rows = None
    if other and set(other) <= set(_LIMITS):
        rows = _changed(sizes, entry.settings, note)
        if not rows:
            return
    if other:
        made = ", ".join(f"{name} {clip(str(note[name]))}" for name in other)
        these = ", ".join(f"{name} {now[name]}" for name in other)
        what = "images may be fed" if rows is None else f"{rows:,} of {sum(sizes.values()):,} rows with boxes are fed"
        said = f"boxes were converted to pixels of the image as it is fed under {made}"
        yield Hit(
            f"{said}: under {these}, {what} at another size",
            "Export the original again under these settings, or train with those of the copy.",
            evidence={"rows": rows, "settings": other},
        )


def _changed(sizes: Sizes, settings: Settings, note: dict[str, Any]) -> int:
    """The rows whose image is fed at another size than under the limits of a note; all, where these are none."""
    try:
        given = {name: note.get(name, getattr(settings, name)) for name in _LIMITS}
        before = Settings(**{**settings.model_dump(), **given})
    except ValueError:
        return sum(sizes.values())
    limits = [limits_of(one, load_processor(settings.processor)) for one in (before, settings)]
    changed = 0
    for key, rows in sizes.items():
        if key != _OTHERS:
            width, height = map(int, key.split("x"))
            changed += rows if len({fed_size((width, height), one) for one in limits}) > 1 else 0
        else:
            changed += rows
    return changed


RULE = corpus_rule(
    "IM021",
    "boxes-converted-for-other-limits",
    "warning",
    CorpusCheck(finish, dict, fold, merge, kind=Sizes, needs="shapes"),
    trainers=every,
)
