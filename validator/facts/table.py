"""Facts as records of samples.parquet, and back."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from validator.conversation.sample import Problem
from validator.facts.columns import values_of
from validator.facts.record import MediaFacts, RowFacts, TurnFacts
from validator.facts.risk import risk
from validator.tokens.template import MediaSlot

_TURN = pa.struct(
    [
        ("index", pa.int32()),
        ("role", pa.string()),
        ("slots", pa.list_(pa.struct([("kind", pa.string()), ("index", pa.int32())]))),
        ("text_tokens", pa.list_(pa.int64())),
        ("loose_pads", pa.list_(pa.int64())),
        ("loose_video_pads", pa.list_(pa.int64())),
        ("special_tokens", pa.list_(pa.string())),
        ("placeholders", pa.list_(pa.int32())),
        ("num_characters", pa.int64()),
        ("blank", pa.bool_()),
        ("traits", pa.list_(pa.string())),
        ("reach", pa.list_(pa.float64())),
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
        ("scans", pa.int32()),
        ("fault", pa.string()),
        ("exception", pa.string()),
        ("message", pa.string()),
        ("found", pa.string()),
        ("warnings", pa.list_(pa.string())),
        ("advice", pa.string()),
        ("content", pa.list_(pa.string())),
        ("likeness", pa.string()),
        ("elsewhere", pa.string()),
        ("no_folder", pa.string()),
        ("shown", pa.list_(pa.float64())),
    ]
)
_PROBLEM = pa.struct(
    [
        ("kind", pa.string()),
        ("turn", pa.int32()),
        ("media_index", pa.int32()),
        ("exception", pa.string()),
        ("message", pa.string()),
        ("stage", pa.string()),
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
        ("outcome", pa.string()),
        ("trainer_error", pa.string()),
        ("unchecked", pa.string()),
        ("refused", pa.bool_()),
        ("filled", pa.list_(pa.string())),
        ("problems", pa.list_(_PROBLEM)),
        ("media", pa.list_(_MEDIA)),
        ("disagreement", pa.string()),
        ("asked", pa.string()),
        ("answered", pa.string()),
    ]
)
"""`image_sizes` are [width, height] in pixels, null where an image could not be opened."""


def to_row(facts: RowFacts, status: str) -> tuple[Any, ...]:
    """One record of samples.parquet: its values in the order of SAMPLES."""
    images = facts.of_kind("image")
    return (
        facts.dataset,
        facts.file,
        facts.row,
        facts.sample_id,
        status,
        sum(turn.role != "system" for turn in facts.turns),
        len(images),
        len(facts.of_kind("video")),
        facts.num_tokens,
        facts.num_tokens_full,
        facts.num_text_tokens,
        facts.num_image_tokens,
        facts.num_video_tokens,
        facts.num_label_tokens,
        [(image.width, image.height) if image.width else None for image in images],
        facts.image_tokens,
        facts.turns,
        risk(facts, status),
        facts.content_hash,
        facts.outcome,
        facts.trainer_error,
        facts.unchecked,
        facts.refused,
        facts.filled,
        facts.problems,
        facts.media,
        facts.disagreement,
        facts.asked,
        facts.answered,
    )


def from_record(record: dict[str, Any]) -> RowFacts:
    """The measured facts of a record of samples.parquet; what depends on a run's limits is left to `settle`."""
    outcome: Any = record["outcome"] if record["trainer_error"] is None else "ok"
    return RowFacts(
        record["dataset"],
        record["file"],
        record["row"],
        record["sample_id"],
        record["content_hash"],
        outcome if outcome in ("dropped", "unchecked") else "ok",
        unchecked=record["unchecked"],
        refused=record["refused"],
        filled=tuple(record["filled"]),
        problems=[Problem(**problem) for problem in record["problems"]],
        turns=[_turn(turn) for turn in record["turns"]],
        media=[_media(media) for media in record["media"]],
        disagreement=record["disagreement"],
        asked=record["asked"],
        answered=record["answered"],
    )


def from_columns(batch: pa.RecordBatch) -> list[RowFacts]:
    """As `from_record`, of every record of a batch."""
    return [
        RowFacts(
            dataset,
            file,
            row,
            sample_id,
            content_hash,
            outcome if error is None and outcome in ("dropped", "unchecked") else "ok",
            unchecked=unchecked,
            refused=refused,
            filled=filled,
            problems=[Problem(*problem) for problem in problems],
            turns=[
                TurnFacts(index, role, tuple([MediaSlot(*slot) for slot in slots]), *rest)
                for index, role, slots, *rest in turns
            ],
            media=[MediaFacts(*item) for item in media],
            disagreement=disagreement,
            asked=asked,
            answered=answered,
        )
        for (
            dataset,
            file,
            row,
            sample_id,
            content_hash,
            outcome,
            error,
            unchecked,
            refused,
            filled,
            problems,
            turns,
            media,
            disagreement,
            asked,
            answered,
        ) in zip(*(values_of(batch[name]) for name in _STORED), strict=True)
    ]


def from_counts(batch: pa.RecordBatch) -> list[RowFacts]:
    """The facts of records without media and problems, as they were settled; turns are left out."""
    known, settled = (
        zip(*(values_of(batch[name]) for name in names), strict=True)
        for names in (_STORED[:10], ("asked", "answered", *_COUNTS))
    )
    in_order = ((*first, [], [], [], *last) for first, last in zip(known, settled, strict=True))
    return [RowFacts(*values) for values in in_order]


# Names in the order of RowFacts.
_COUNTS = (
    "num_tokens",
    "num_tokens_full",
    "num_text_tokens",
    "num_image_tokens",
    "num_video_tokens",
    "num_label_tokens",
)
_STORED = (
    *("dataset", "file", "row", "sample_id", "content_hash", "outcome", "trainer_error", "unchecked", "refused"),
    *("filled", "problems", "turns", "media", "disagreement", "asked", "answered"),
)


def _turn(turn: dict[str, Any]) -> TurnFacts:
    tokens = turn["text_tokens"]
    return TurnFacts(
        turn["index"],
        turn["role"],
        tuple(MediaSlot(slot["kind"], slot["index"]) for slot in turn["slots"]),
        None if tokens is None else tuple(tokens),
        tuple(turn["loose_pads"]),
        tuple(turn["loose_video_pads"]),
        tuple(turn["special_tokens"]),
        tuple(turn["placeholders"]),
        turn["num_characters"],
        turn["blank"],
        tuple(turn["traits"]),
        tuple(turn["reach"]),
    )


def _media(media: dict[str, Any]) -> MediaFacts:
    lists = {name: tuple(media[name]) for name in ("warnings", "content", "shown")}
    return MediaFacts(**{**media, **lists})
