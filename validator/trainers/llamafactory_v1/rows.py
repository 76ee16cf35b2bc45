"""Rows as LLaMA-Factory v1 takes them. A row is as many samples as it has answers that are learned: each begins with
the row, and ends with such an answer, the only one that it learns.

Each is so the beginning of the longest one, which stands for the row here, with the labels of all. What stands behind
the last answer is in no sample: it is not written, and its media are not opened. Source: llamafactory-kt 0.9.6.dev0
`v1/core/data_engine.py`, `v1/core/rendering/rendering.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from validator.catalog.yaml_registry import CONVERTERS
from validator.conversation.media_paths import SHOWN
from validator.conversation.sample import MediaKind, MediaReference, Sample, Turn, UnreadError
from validator.trainers.layout import ANSWERS, HEADS
from validator.trainers.llamafactory_v1.converters import take_alpaca, take_conversations
from validator.trainers.llamafactory_v1.native import take_messages
from validator.trainers.llamafactory_v1.taken import Taken
from validator.trainers.transformers.parts import Stop, shown_images, shown_videos

_NO_ANSWER = "training render expects the last message to be the supervised assistant turn"
_NO_PROMPT = "list index out of range"
_NO_AUDIO = "'Qwen2VLProcessor' object has no attribute 'feature_extractor'"


def convert(row: Mapping[str, Any], formatting: str) -> Sample:
    """Convert one row by the converter of its entry. Faults become problems of the sample; nothing is raised."""
    sample, taken = Sample(), Taken()
    try:
        if formatting == CONVERTERS["pair"]:
            raise UnreadError("pairs of a preferred and a rejected answer are not reproduced")
        if formatting == CONVERTERS["alpaca"]:
            take_alpaca(sample, taken, row)
        elif formatting == CONVERTERS["sharegpt"]:
            take_conversations(sample, taken, row)
        else:
            take_messages(sample, taken, row)
        _write(sample, taken)
    except UnreadError as error:
        sample.unchecked = str(error)
    except Stop as stop:
        sample.fail(stop.kind, stop.cause, stop.turn)
    return sample


def _write(sample: Sample, taken: Taken) -> None:
    """The turns of the longest sample, and the media that they show. Raises Stop and UnreadError."""
    end = _end(taken.turns)
    for place, fault in taken.faults.items():
        if place < end:
            raise fault
    sample.turns = taken.turns[:end]
    if behind := taken.turns[end:]:
        sample.note("behind-last-answer", behind[0].index, f"{len(behind)}")
    for turn in sample.turns:
        if turn.role in ANSWERS and turn.learned:
            turn.words = (HEADS[2],)
    shown = _shown(taken.shown[:end])
    if any(isinstance(image, list) for image in shown["image"]):
        raise UnreadError("lists within a column of images are not reproduced")
    if shown["image"]:
        sample.media["image"] = shown_images(shown["image"])
    if shown["video"]:
        sample.media["video"] = shown_videos(shown["video"])
    if shown["audio"]:
        sample.media["audio"] = [
            MediaReference("audio", index, str(item)[:SHOWN], None, "value")
            for index, item in enumerate(shown["audio"])
        ]
        raise Stop("audio", AttributeError(_NO_AUDIO))


def _end(turns: Sequence[Turn]) -> int:
    """The number of turns up to the last answer that is learned. Raises Stop where there is none, or where nothing
    stands before the first.
    """
    learned = [place for place, turn in enumerate(turns) if turn.role in ANSWERS and turn.learned]
    if not turns or 0 in learned:
        raise Stop("nothing-to-learn", IndexError(_NO_PROMPT), turns[0].index if turns else None)
    if not learned and turns[-1].role in ANSWERS:
        raise UnreadError("a row of which no answer is learned is not reproduced")
    if not learned:
        raise Stop("nothing-to-learn", ValueError(_NO_ANSWER), turns[-1].index)
    return learned[-1] + 1


def _shown(shown: Sequence[Mapping[MediaKind, list[Any]]]) -> dict[MediaKind, list[Any]]:
    kinds: tuple[MediaKind, ...] = ("image", "video", "audio")
    return {kind: [medium for of_turn in shown for medium in of_turn.get(kind, ())] for kind in kinds}
