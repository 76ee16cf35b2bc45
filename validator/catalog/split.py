"""Which rows of an entry its `split` selects. Source: `datasets` 4.0.0 `arrow_reader.py`, `ReadInstruction`.

Files have one split, `train`. `all` means the same; slices are in rows or per cent, and several are joined with `+`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from validator.carried import carried

_PART = re.compile(
    r"\A(?P<split>\w+(\.\w+)*)"
    r"(\[((?P<first>-?[\d_]+)(?P<first_percent>%)?)?:((?P<last>-?[\d_]+)(?P<last_percent>%)?)?\])?"
    r"(\((?P<rounding>[^)]*)\))?"
)


def selected(split: str, num_rows: int) -> tuple[range, ...]:
    """The rows of the whole entry that a split selects, in the trainer's order; one range per slice.

    Raises ValueError in the trainer's words where it refuses the split or selects nothing.
    """
    if split == "all":
        return (range(num_rows),)
    ranges = tuple(_slice(part, num_rows) for part in _parts(split))
    if num_rows and not any(ranges):
        raise ValueError(f'Instruction "{split}" corresponds to no data!')
    return ranges


def _parts(split: str) -> list[str]:
    """The instructions between plus signs, without the white space around these."""
    parts = split.split("+")
    for place in range(1, len(parts)):
        parts[place - 1], parts[place] = parts[place - 1].rstrip(), parts[place].lstrip()
    return parts


def _slice(spec: str, num_rows: int) -> range:
    match = _PART.fullmatch(spec)
    if match is None:
        raise ValueError(f"Unrecognized instruction format: {spec}")
    if match["split"] != "train":
        raise ValueError(f"Unknown split \"{match['split']}\". Should be one of ['train'].")
    percent = bool(match["first_percent"] or match["last_percent"])
    if match["rounding"] is not None and not percent:
        raise ValueError("It is forbidden to specify rounding if not using percent slicing.")
    rounding = "closest" if match["rounding"] is None else match["rounding"]
    if rounding not in ("closest", "pct1_dropremainder"):
        raise ValueError("`rounding` should be either closest or pct1_dropremainder")
    bounds = []
    for text, default in ((match["first"], 0), (match["last"], num_rows)):
        bound = default if text is None else int(text)
        if percent and text is not None:
            if abs(bound) > 100:
                raise ValueError("Percent slice boundaries must be > -100 and < 100.")
            bound = _rows(bound, num_rows, rounding)
        bounds.append(min(max(bound + num_rows, 0) if bound < 0 else bound, num_rows))
    return range(bounds[0], bounds[1])


def _rows(percent: int, num_rows: int, rounding: str) -> int:
    if rounding == "closest":
        return round(percent * num_rows / 100.0)
    if num_rows < 100:
        raise ValueError('Using "pct1_dropremainder" rounding on a split with less than 100 elements is forbidden.')
    return percent * (num_rows // 100)


@carried
@dataclass(frozen=True, slots=True)
class Order:
    """The place of each row in what the trainer reads. `starts`: rows before each file, in the trainer's order."""

    starts: dict[str, int] = field(default_factory=dict)
    ranges: tuple[range, ...] | None = None

    def place(self, file: str, row: int) -> int | None:
        """The 0-based place of a row of a file, at its first appearance; None where the split leaves it out."""
        row += self.starts.get(file, 0)
        if self.ranges is None:
            return row
        before = 0
        for part in self.ranges:
            if row in part:
                return before + row - part.start
            before += len(part)
        return None

    def places(self, file: str, rows: np.ndarray) -> np.ndarray:
        """The places of rows of a file; a row that the split leaves out is its own."""
        if self.ranges is None:
            return rows + self.starts.get(file, 0)
        places = (self.place(file, row) for row in rows.tolist())
        return np.array(
            [row if place is None else place for row, place in zip(rows.tolist(), places, strict=True)], int
        )
