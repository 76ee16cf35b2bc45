"""How many boxes are smaller than a token at each pixel limit, counted on columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from validator.coordinates.systems import System, bounds
from validator.facts.budget import Limits
from validator.facts.columns import are_among, numbers_of, values_of
from validator.facts.located import fed_size
from validator.run_folder.table import RunTable

ROWS = 1 << 16
"""Rows that are held at a time."""
_SIDES = ("x1", "y1", "x2", "y2")
_COLUMNS = (
    "dataset",
    *(f"turns.list.element.shapes.list.element.{name}" for name in ("kind", "image", *_SIDES)),
    *(f"media.list.element.{name}" for name in ("kind", "width", "height")),
)


@dataclass(slots=True)
class SmallBoxes:
    """Boxes whose image is certain, and those of them that are less wide and less high than a merged patch."""

    boxes: int = 0
    small: int = 0

    @property
    def share(self) -> float:
        """The part that is small, 0 to 1."""
        return self.small / self.boxes if self.boxes else 0.0


def small_boxes(
    samples: RunTable, limits: Mapping[int, Limits], now: Limits, own: System, certain: Mapping[str, System]
) -> dict[int, SmallBoxes]:
    """Of the rows of a samples.parquet, at each of some pixel limits. Boxes are taken to be in the model's `own`
    system, under the limits that are `now`, unless their entry is `certain` to be in another.
    """
    found = {most: SmallBoxes() for most in limits}
    with samples as table:
        for batch in table.batches(_COLUMNS, ROWS):
            boxes = _boxes(batch, now, own, certain)
            if boxes is None:
                continue
            shares, sizes, of_size = boxes
            for most, those in limits.items():
                fed = np.array([fed_size(size, those) or (0, 0) for size in sizes], float).reshape(-1, 2)[of_size]
                known = fed[:, 0] > 0
                found[most].boxes += int(known.sum())
                found[most].small += int((known & (shares * fed < those.image.factor).all(axis=1)).sum())
    return found


def _boxes(
    batch: pa.RecordBatch, now: Limits, own: System, certain: Mapping[str, System]
) -> tuple[np.ndarray, list[tuple[int, int]], np.ndarray] | None:
    """Widths and heights as shares of the image, the sizes of images, and which of them each box lies in."""
    turns, row_of_turn = _unnested(batch.column("turns"))
    shapes, turn_of_shape = _unnested(pc.struct_field(turns, "shapes"))
    if not len(shapes):
        return None
    row = row_of_turn[turn_of_shape]
    media, row_of_medium = _unnested(batch.column("media"))
    pictures = are_among(pc.struct_field(media, "kind"), ["image"])
    row_of_picture = row_of_medium[pictures]
    wide, high = (numbers_of(pc.struct_field(media, name))[pictures] for name in ("width", "height"))
    image = numbers_of(pc.struct_field(shapes, "image"))
    place = np.searchsorted(row_of_picture, row) + image
    x1, y1, x2, y2 = (numbers_of(pc.struct_field(shapes, name)) for name in _SIDES)
    kind = pc.struct_field(shapes, "kind")
    usable = (image >= 0) & ~are_among(kind, ["point"]) & (place < len(row_of_picture)) & (x2 > x1) & (y2 > y1)
    usable &= np.isfinite(x1 + y1 + x2 + y2)
    usable &= (
        row_of_picture[np.minimum(place, max(len(row_of_picture) - 1, 0))] == row if len(row_of_picture) else False
    )
    usable[usable] &= (wide[place[usable]] > 0) & (high[place[usable]] > 0)
    if not usable.any():
        return None
    maybe = are_among(kind, ["bbox"])  # may hold a width and a height
    across, down = np.where(maybe, np.maximum(x2 - x1, x2), x2 - x1), np.where(maybe, np.maximum(y2 - y1, y2), y2 - y1)
    sides = np.stack((across, down), axis=1)[usable]
    pairs = np.stack((wide[place[usable]], high[place[usable]]), axis=1)
    unique, of_size = np.unique(pairs, axis=0, return_inverse=True)
    sizes = [(int(width), int(height)) for width, height in unique]
    names = values_of(batch.column("dataset"))
    systems = {name: certain.get(name, own) for name in set(names)}
    ends = {
        system: np.array([bounds(system, size, fed_size(size, now) or size) for size in sizes], float)
        for system in set(systems.values())
    }
    of_size = of_size.reshape(-1)
    shares = np.empty_like(sides)
    mine = np.array([systems[names[index]] for index in row[usable]])
    for system, sizes_in in ends.items():
        chosen = mine == system
        shares[chosen] = sides[chosen] / sizes_in[of_size[chosen]]
    return shares, sizes, of_size


def _unnested(lists: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """The items of lists, and which list each is of."""
    offsets = numbers_of(lists.offsets)
    items = lists.values.slice(offsets[0], offsets[-1] - offsets[0])
    return items, np.repeat(np.arange(len(lists)), np.diff(offsets))
