"""Facts as Arrow records: samples.parquet."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from validator.facts.record import MediaFacts, RowFacts, TurnFacts
from validator.facts.risk import risk

_TURN = pa.struct(
    [
        ("index", pa.int32()),
        ("role", pa.string()),
        ("slots", pa.list_(pa.string())),
        ("text_tokens", pa.list_(pa.int64())),
        ("loose_pads", pa.list_(pa.int64())),
        ("loose_video_pads", pa.list_(pa.int64())),
        ("special_tokens", pa.list_(pa.string())),
        ("placeholders", pa.list_(pa.int32())),
        ("num_characters", pa.int64()),
        ("blank", pa.bool_()),
    ]
)
_MEDIA = pa.struct(
    [
        ("kind", pa.string()),
        ("index", pa.int32()),
        ("written", pa.string()),
        ("form", pa.string()),
        ("turn", pa.int32()),
        ("num_bytes", pa.int64()),
        ("format", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("mode", pa.string()),
        ("bits", pa.int32()),
        ("frames", pa.int32()),
        ("orientation", pa.int32()),
        ("fault", pa.string()),
        ("exception", pa.string()),
        ("message", pa.string()),
        ("found", pa.string()),
        ("warnings", pa.list_(pa.string())),
    ]
)
_PROBLEM = pa.struct(
    [
        ("kind", pa.string()),
        ("turn", pa.int32()),
        ("media_index", pa.int32()),
        ("exception", pa.string()),
        ("message", pa.string()),
    ]
)
SAMPLES = pa.schema(
    [
        ("dataset", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("sample_id", pa.string()),
        ("status", pa.string()),
        ("num_turns", pa.int64()),
        ("num_images", pa.int64()),
        ("num_videos", pa.int64()),
        ("num_tokens", pa.int64()),
        ("num_tokens_full", pa.int64()),
        ("num_text_tokens", pa.int64()),
        ("num_image_tokens", pa.int64()),
        ("num_video_tokens", pa.int64()),
        ("num_label_tokens", pa.int64()),
        ("image_sizes", pa.list_(pa.list_(pa.int32()))),
        ("image_tokens", pa.list_(pa.int64())),
        ("turns", pa.list_(_TURN)),
        ("risk_score", pa.float64()),
        ("content_hash", pa.string()),
        ("trainer_error", pa.string()),
        ("unchecked", pa.string()),
        ("refused", pa.bool_()),
        ("filled", pa.list_(pa.string())),
        ("problems", pa.list_(_PROBLEM)),
        ("media", pa.list_(_MEDIA)),
    ]
)
"""`image_sizes` are [width, height] in pixels, null where an image could not be opened."""

_COPIED = (
    "dataset",
    "file",
    "row",
    "sample_id",
    "content_hash",
    "trainer_error",
    "unchecked",
    "refused",
    "filled",
    "num_tokens",
    "num_tokens_full",
    "num_text_tokens",
    "num_image_tokens",
    "num_video_tokens",
    "num_label_tokens",
    "image_tokens",
)


def to_record(facts: RowFacts, status: str) -> dict[str, Any]:
    """One record of samples.parquet, ready for orjson (nested facts stay dataclasses)."""
    images = facts.of_kind("image")
    record = {name: getattr(facts, name) for name in _COPIED}
    record.update(
        status=status,
        num_turns=sum(turn.role != "system" for turn in facts.turns),
        num_images=len(images),
        num_videos=len(facts.of_kind("video")),
        image_sizes=[[image.width, image.height] if image.width else None for image in images],
        turns=facts.turns,
        risk_score=risk(facts, status),
        problems=facts.problems,
        media=facts.media,
    )
    return record


def turns_and_media(record: dict[str, Any]) -> tuple[list[TurnFacts], list[MediaFacts]]:
    """The nested facts of a record that was read back: with them the row's budget can be computed again."""
    return (
        [TurnFacts(**{name: _frozen(value) for name, value in turn.items()}) for turn in record["turns"]],
        [MediaFacts(**{name: _frozen(value) for name, value in item.items()}) for item in record["media"]],
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
