"""Coordinates of an entry written in the model's own system: which entries, from which system, and one row of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from validator.catalog.entry import Entry
from validator.coordinates.convert import Change, Scale, rewritten
from validator.coordinates.read import Written, read
from validator.coordinates.systems import BITS, WORDS, System, bounds, possible
from validator.engine.coordinates import certain_systems
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.plan import ExportPlan
from validator.facts.budget import Limits
from validator.facts.located import Frame, frames_of
from validator.facts.record import RowFacts
from validator.facts.shapes import MOST
from validator.rules.pointing import own_of
from validator.settings import Settings

DEPENDS = ("trainer", "processor", "image_max_pixels", "image_min_pixels")
"""Settings that decide the size of images as they are fed."""
_JSON = ("lines", "array", "values", "empty")
SYSTEMS: tuple[System, ...] = get_args(System)
NAME = "coordinates-converted"
"""Of the repair, in fixes.jsonl."""
_ORDER = ("history", "prompt", "query", "response", "messages")
"""The columns of text, in the order of their turns."""
_DEEP = 40
"""Levels of a row that are looked into."""
_SHOWN = 3
"""Changes that a sentence names."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """From which system to which; `named`: the user says so, else the run is certain of it."""

    source: System
    target: System
    named: bool


class UnconvertedError(Exception):
    """Why the coordinates of a row cannot be converted: a sentence."""


@dataclass(slots=True)
class Converted:
    """What was rewritten in a row: words for it, and each text with its changes, as `path` into the row."""

    words: str
    texts: list[dict[str, Any]] = field(default_factory=list)


def parse_named(given: Sequence[str]) -> dict[str | None, System]:
    """`SYSTEM` for all entries (under None), `DATASET=SYSTEM` for one. Raises ValueError in a sentence."""
    found: dict[str | None, System] = {}
    for word in given:
        name, _, system = word.rpartition("=")
        if system not in SYSTEMS:
            raise ValueError(f"--boxes-are {word}: must be {', '.join(SYSTEMS)}, or DATASET= and one of these.")
        found[name or None] = system
    return found


def conversions(run: FinishedRun, settings: Settings, named: dict[str | None, System]) -> dict[str, Conversion]:
    """What is converted, by the name of its entry: what is named, and what IM017 is certain of; not what an export has
    converted before. Raises ValueError where an entry that is named is not of the run.
    """
    own = own_of(settings)
    catalog = run.catalog(settings)
    already = {entry.name for entry in catalog.entries if entry.entry and entry.entry.coordinates}
    entries = [entry.name for entry in catalog.entries]
    if unknown := sorted(name for name in named if name is not None and name not in entries):
        raise ValueError(f"--boxes-are: {', '.join(unknown)} is no dataset of this run.")
    found: dict[str, Conversion] = {}
    for name in entries:
        source = named.get(name, named.get(None))
        differs = source != ("pixels" if settings.profile.fills_objects else own)
        if source is not None and (differs or source != own) and name not in already:
            found[name] = Conversion(source, own, named=True)
    for name, source in certain_systems(run).items():
        if name not in named and None not in named and source != own and name not in already:
            found.setdefault(name, Conversion(source, own, named=False))
    return found


class Converting:
    """What an export converts: `done`, by entry; `notes` for its registry; and `left`, the files of such entries that
    are copied as they are, as (entry, file, words).
    """

    def __init__(self, plan: ExportPlan, wanted: dict[str, Conversion], settings: Settings) -> None:
        self.done: dict[str, Conversion] = {}
        self.left: list[tuple[str, str, str]] = []
        for going in plan.going:
            name = going.facts.name
            if name not in wanted:
                continue
            tables = [file.name for file in going.facts.files if file.survey and file.survey.layout not in _JSON]
            self.left += [(name, file, "its coordinates are not converted: it is no JSON file") for file in tables]
            if not tables:
                self.done[name] = wanted[name]
        depends = {name: getattr(settings, name) for name in DEPENDS}
        self.notes = {
            name: {"system": one.target, **(depends if one.target == "fed" else {})} for name, one in self.done.items()
        }

    def records(self, rows: dict[str, int]) -> list[dict[str, Any]]:
        """As export.json lists them: `rows` were rewritten."""
        return [
            {"dataset": name, "from": one.source, "to": one.target, "named": one.named, "rows": rows[name]}
            for name, one in sorted(self.done.items())
        ]


class Converter:
    """Converts rows of one entry under the limits of a run."""

    def __init__(self, conversion: Conversion, entry: Entry, limits: Limits) -> None:
        self._entry, self._limits = entry, limits
        self.conversion = conversion
        self._reads = limits.trainer.reads(entry)

    def convert(self, row: dict[str, Any], facts: RowFacts) -> Converted | None:
        """Rewrite a parsed row in place; None where it has nothing to convert. `facts` are what was measured of the
        row as it was. Raises UnconvertedError, with the row as it was.
        """
        objects, same = self._objects(row), self.conversion.source == self.conversion.target
        texts = (
            [] if same else [(path, text, shapes) for path, text in self._texts(row) if (shapes := read(text, MOST))]
        )
        if not texts and not objects:
            return None
        frames = frames_of(facts.of_kind("image"), self._limits)
        if not facts.of_kind("image") or facts.of_kind("video"):
            return None
        if not frames or any(frame.fed is None for frame in frames):
            raise UnconvertedError("the size of an image is not known")
        made: list[tuple[list[Any], str, list[Change]]] = []
        if texts:
            images = self._images(texts, facts, len(frames))
            scales = [self._scale(frames, image) for image in images]
            first = 0
            for path, text, shapes in texts:
                mine = scales[first : first + len(shapes)]
                first += len(shapes)
                new, changes = rewritten(text, shapes, mine.__getitem__)
                if changes:
                    made.append((path, new, changes))
        listed = [{"path": path, "changes": [[c.at, c.before, c.after] for c in changes]} for path, _, changes in made]
        said = [f"{change.before} became {change.after}" for _, _, changes in made for change in changes]
        for path, new, _ in made:
            _put(row, path, new)
        try:
            boxes = list(self._boxes(objects, frames))
        except (TypeError, ValueError, IndexError, OverflowError):
            raise UnconvertedError("its `objects` are none that the trainer reads") from None
        for box, values in boxes:
            if values != box:
                listed.append({"path": ["objects", "bbox"], "before": list(box), "after": values})
                said.append(f"{box} became {values}")
                box[:] = values
        if not said:
            return None
        more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
        source, target = (WORDS[one] for one in (self.conversion.source, self.conversion.target))
        to = f"{source} to {target}" if not objects or made else f"{source} to {WORDS['pixels']}, as `objects` are read"
        return Converted(f"coordinates from {to}: {', '.join(said[:_SHOWN])}{more}", listed)

    def _texts(self, row: dict[str, Any]) -> list[tuple[list[Any], str]]:
        """The texts of a row that may hold coordinates, with their paths, in the order of turns."""
        columns, tags = self._entry.columns, self._entry.tags
        left = {columns[name] for name in ("system", "tools", "images", "videos", "audios")} | {
            "system",
            "tools",
            "objects",
        }
        names = [columns[name] for name in _ORDER if columns[name] in row]
        names += [name for name in row if name not in names and self._reads(name)]
        found: list[tuple[list[Any], str]] = []
        for name in names:
            if name is None or name in left:
                continue
            value = row[name]
            for place, item in enumerate(value) if isinstance(value, list) else ():
                role = item.get(tags["role_tag"] or "role") if isinstance(item, dict) else None
                if role is None or role not in ("system", tags["system_tag"]):
                    found += _leaves(item, [name, place])
            if not isinstance(value, list):
                found += _leaves(value, [name])
        return found

    def _images(
        self, texts: list[tuple[list[Any], str, list[Written]]], facts: RowFacts, number: int
    ) -> list[int | None]:
        """The image of each shape of the texts. Raises UnconvertedError where the trainer reads others."""
        written = [shape for _, _, shapes in texts for shape in shapes]
        known = [shape for turn in facts.turns for shape in turn.shapes if not shape.filled]
        sure = [one.shape(None) for one in written if one.sure]
        if any(len(shapes) >= MOST for _, _, shapes in texts):
            raise UnconvertedError(f"a text has {MOST} boxes and points or more")
        if [(one.kind, repr(one.reach)) for one in sure] != [(one.kind, repr(one.reach)) for one in known]:
            raise UnconvertedError("the trainer reads other boxes than those that stand in its texts")
        bit = BITS[self.conversion.source]
        frames = frames_of(facts.of_kind("image"), self._limits)
        images: list[int | None] = []
        following = iter(known)
        for one in written:
            image = next(following).image if one.sure else 0 if number == 1 else None
            images.append(image)
            inside = [frames[image]] if image is not None and image < number else list(frames)
            bits = [_bits(one, frame) for frame in inside]
            if any(bits) and not any(found & bit for found in bits):
                raise UnconvertedError(f"its coordinates cannot be {WORDS[self.conversion.source]}")
        return images

    def _scale(self, frames: tuple[Frame, ...], image: int | None) -> Scale:
        """The bounds of both systems for an image. Raises UnconvertedError where it is not certain which is meant."""
        mine = frames if image is None or image >= len(frames) else (frames[image],)
        if any(frame.turned for frame in mine):
            raise UnconvertedError("EXIF turns its image, and it is not certain which way up it was annotated")
        found = {(_bounds(self.conversion.source, frame), _bounds(self.conversion.target, frame)) for frame in mine}
        if len(found) > 1:
            raise UnconvertedError("it is not certain which of its images is meant")
        return found.pop()

    def _objects(self, row: dict[str, Any]) -> dict[str, Any]:
        """The `objects` of a row whose boxes are to become pixels of the stored image, as the trainer takes them."""
        objects = row.get("objects") if self._limits.trainer.fills_objects else None
        if not isinstance(objects, dict) or self.conversion.source == "pixels" or not objects.get("bbox"):
            return {}
        return objects if self.conversion.named and objects.get("bbox_type") in (None, "real") else {}

    def _boxes(self, objects: dict[str, Any], frames: tuple[Frame, ...]) -> Iterator[tuple[list[Any], list[Any]]]:
        """Each box of `objects` with what it becomes."""
        boxes = objects.get("bbox") or []
        named = [*(objects.get("image_id") or []), *[0] * len(boxes)]
        for box, image in zip(boxes, named, strict=False):
            frame = frames[image]
            source, stored = _bounds(self.conversion.source, frame), frame.stored
            values = [value / source[place % 2] * stored[place % 2] for place, value in enumerate(box)]
            yield (
                box,
                [
                    round(new, 2) if isinstance(old, float) and source != (1, 1) else round(new)
                    for old, new in zip(box, values, strict=True)
                ],
            )


def _bounds(system: System, frame: Frame) -> tuple[int, int]:
    assert frame.fed is not None
    return bounds(system, frame.stored, frame.fed)


def _bits(one: Written, frame: Frame) -> int:
    return possible(one.shape(None), frame.stored, frame.fed)


def _leaves(value: Any, path: list[Any]) -> Iterator[tuple[list[Any], str]]:
    """The texts within a value, with their paths."""
    if len(path) > _DEEP:
        return
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, [*path, name])
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, [*path, place])


def _put(row: dict[str, Any], path: Sequence[Any], text: str) -> None:
    inner: Any = row
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = text
