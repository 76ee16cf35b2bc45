"""What depends on the vocabulary or on the files: where a learned answer begins, and which pictures are opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from validator.conversation.sample import Sample, UnreadError
from validator.models.families import QWEN2_5_VL, QWEN2_VL, QWEN3_VL
from validator.tokens.processor import Processor
from validator.trainers.layout import HEADS
from validator.trainers.transformers.own import HEAD

if TYPE_CHECKING:
    from validator.facts.record import MediaFacts

WRITTEN = (QWEN2_VL, QWEN2_5_VL, QWEN3_VL)
"""Models whose template is reproduced."""
_DECODED = frozenset(("PNG", "JPEG", "WEBP"))
"""Formats that the decoder of transformers 5.24 takes as Pillow does; others are not compared."""


def count_heads(sample: Sample, processor: Processor) -> None:
    """Of answers that are learned without their header, the number of its tokens: three, or two where the line feed at
    its end is one token with the white space that the answer begins with, which then is learned.
    """
    for turn in sample.turns:
        if HEAD not in turn.words:
            continue
        blank = turn.content[: len(turn.content) - len(turn.content.lstrip())]
        blank = blank[: max(blank.rfind("\n"), blank.rfind("\r")) + 1]
        encode = processor.encoder.encode
        joined = bool(blank) and encode("\n" + blank)[0] != encode("\n")[0]
        head = HEADS[1] if joined else HEADS[2]
        turn.words = tuple(head if word == HEAD else word for word in turn.words)


def check_formats(sample: Sample, media: Sequence[MediaFacts]) -> None:
    """Raise UnreadError where an image is opened by a decoder whose reading of the format is not compared."""
    images = [item for item in media if item.kind == "image"]
    for reference, item in zip(sample.media.get("image", ()), images, strict=True):
        if not reference.decoded and item.probe.format not in (*_DECODED, None):
            raise UnreadError(f"{item.probe.format} that is opened by its path is not reproduced: {item.written}")
