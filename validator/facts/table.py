"""Facts as records of samples.parquet, and back."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, cast

import pyarrow as pa

from validator.conversation.sample import Problem
from validator.coordinates.shape import Shape
from validator.facts.columns import values_of
from validator.facts.record import MediaFacts, RowFacts, TurnFacts
from validator.facts.risk import risk
from validator.records.arrow import Int32, attributes_of, record_of, type_of, types_of
from validator.records.image_probe import ImageProbe
from validator.tokens.template import MediaSlot

_TOLD = {
    "status": str,
    "num_turns": int,
    "num_images": int,
    "num_videos": int,
    "image_sizes": list[tuple[Int32, Int32]],
    "risk_score": float,
}
"""What is no field of the facts. `image_sizes` are [width, height] in pixels, null of what could not be opened."""
_COUNTS = (
    *("num_tokens", "num_tokens_full", "num_text_tokens"),
    *("num_image_tokens", "num_video_tokens", "num_label_tokens"),
)
_NAMES = (
    *("dataset", "file", "row", "sample_id", "status", "num_turns", "num_images", "num_videos", *_COUNTS),
    *("image_sizes", "image_tokens", "turns", "risk_score", "content_hash", "outcome", "trainer_error", "unchecked"),
    *("refused", "filled", "problems", "media", "disagreement", "asked", "answered"),
)
SAMPLES = pa.schema([(name, type_of({**types_of(RowFacts), **_TOLD}[name])) for name in _NAMES])
_FACTS = tuple(name for name in _NAMES if name not in _TOLD)
_values = attrgetter(*_FACTS)
ROW = (*_TOLD, *_FACTS)
"""The columns in the order of `to_row`."""


def to_row(facts: RowFacts, status: str) -> tuple[Any, ...]:
    """One record of samples.parquet: its values in the order of ROW."""
    images = facts.of_kind("image")
    return (
        status,
        sum(turn.role != "system" for turn in facts.turns),
        len(images),
        len(facts.of_kind("video")),
        [(image.probe.width, image.probe.height) if image.probe.width else None for image in images],
        risk(facts, status),
        *_values(facts),
    )


_MEASURED = tuple(name for name in _FACTS if name not in (*_COUNTS, "image_tokens"))
_MEDIA, _PROBE = tuple(attributes_of(MediaFacts)), tuple(attributes_of(ImageProbe))
_SETTLED = tuple(name for name in _FACTS if name not in ("problems", "turns", "media", "disagreement", "image_tokens"))


def from_record(record: dict[str, Any]) -> RowFacts:
    """The measured facts of a record of samples.parquet; what depends on a run's limits is left to `settle`."""
    return _unsettled(record_of(RowFacts, {name: record[name] for name in _MEASURED}))


def from_columns(batch: pa.RecordBatch) -> list[RowFacts]:
    """As `from_record`, of every record of a batch."""
    found = _rows(batch, _MEASURED)
    for facts in found:
        facts.problems = [Problem(*problem) for problem in cast(list[Any], facts.problems)]
        facts.turns = [_turn(*turn) for turn in cast(list[Any], facts.turns)]
        facts.media = [_media(*item) for item in cast(list[Any], facts.media)]
        _unsettled(facts)
    return found


def from_counts(batch: pa.RecordBatch) -> list[RowFacts]:
    """The facts of records without media and problems, as they were settled; turns are left out."""
    return _rows(batch, _SETTLED)


def media_of(batch: pa.RecordBatch) -> list[list[MediaFacts]]:
    """The media of every record of a batch."""
    return [[_media(*item) for item in cast(list[Any], media)] for media in values_of(batch["media"])]


def _rows(batch: pa.RecordBatch, names: tuple[str, ...]) -> list[RowFacts]:
    columns = zip(*(values_of(batch[name]) for name in names), strict=True)
    return [RowFacts(**dict(zip(names, values, strict=True))) for values in columns]


def _turn(index: Any, role: Any, slots: Any, *values: Any) -> TurnFacts:
    *rest, shapes = values
    rest.append(tuple([Shape(*shape) for shape in shapes]) if shapes else ())
    return TurnFacts(index, role, tuple([MediaSlot(*slot) for slot in slots]), *rest)


def _media(*values: Any) -> MediaFacts:
    named = dict(zip(_MEDIA, values, strict=True))
    probe = ImageProbe(**{name: named.pop(name) for name in _PROBE})
    return MediaFacts(**named, probe=probe)


def _unsettled(facts: RowFacts) -> RowFacts:
    if facts.trainer_error is not None or facts.outcome not in ("dropped", "unchecked"):
        facts.outcome, facts.trainer_error = "ok", None
    return facts
