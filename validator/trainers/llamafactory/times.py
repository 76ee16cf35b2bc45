"""The times of frames, which LLaMA-Factory writes for Qwen3-VL: `<0.3 seconds>` before each two frames of a video.

Source: LLaMA-Factory 0.9.5 and 0.9.4 `mm_plugin.py`, `Qwen3VLPlugin.process_messages`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from validator.conversation.sample import PLACEHOLDERS, Turn
from validator.media.video_recipe import VideoRecipe
from validator.tokens.encode import TrainerError

TimesRule = Literal["of-first-and-message", "own"]
"""`of-first-and-message`: what 0.9.5 writes for a video are as many frames as the first video of the row has, with the
times of the video that has the number of the message. `own`: what later builds write, its own frames and times.
"""
Frames = tuple[int, Sequence[float]]
"""Of a video: the number of its frames, which is even, and the seconds of each two."""


_LEAST_AGAIN, _MOST_AGAIN = 4, 768


def sampled_again(frames: int, recipe: VideoRecipe) -> int:
    """How many of the frames that 0.9.4 gives to the processor are fed: it samples them at the rate at which they were
    sampled, and rounding may lose one. Source: transformers 4.57.1 `video_processing_qwen3_vl.py`, `sample_frames`.
    """
    return min(max(int(frames / recipe.fps * recipe.fps), _LEAST_AGAIN), _MOST_AGAIN, frames)


def times_of(turns: Sequence[Turn], videos: Sequence[Frames], *, rule: TimesRule) -> list[tuple[str, ...]]:
    """What is written for each <video> of a row, in order: the time of each two frames. Raises TrainerError, with the
    IndexError of the trainer, where it looks for a video or a time that is not there.
    """
    made: list[tuple[str, ...]] = []
    for place, turn in enumerate(turns):
        content = turn.content if isinstance(turn.content, str) else ""
        for _ in range(content.count(PLACEHOLDERS["video"])):
            number = videos[0 if rule == "of-first-and-message" else len(made)][0] // 2
            source = place if rule == "of-first-and-message" else len(made)
            if source >= len(videos) or number > len(videos[source][1]):
                error = IndexError("list index out of range")
                raise TrainerError("video-times", error, turn.index, stage="encode")
            made.append(tuple(f"<{seconds:.1f} seconds>" for seconds in videos[source][1][:number]))
    return made
