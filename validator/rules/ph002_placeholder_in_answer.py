"""A placeholder in an answer: the model is trained to write image tokens.

## What it finds
`<image>` or `<video>` in an assistant or function turn of a row whose counts match, so that the trainer does not stop.

## Why it matters
The trainer expands it in place. Hundreds of `<|image_pad|>` become labels that the model learns to produce, and the
question is asked without its image. Nothing is logged. Under `trl` and `unsloth` with Qwen3-VL, whose own chat template
writes media in questions and tools' answers alone, training stops: `ValueError: The total number of <|image_pad|>
tokens in the prompts should be the same as the number of images passed.`

## Example
```json
[{"role": "user", "content": "Draw a cat."}, {"role": "assistant", "content": "Here: <image>"}]
```

## What to do
Move the placeholder to the user turn that the image belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.conversation.sample import MediaKind
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import expanding_in_answers, with_media_in_answers
from validator.rules.wording import answers


@row_rule("PH002", "placeholder-in-answer", "error", needs="misplaced", trainers=with_media_in_answers)
def check(case: Case) -> Iterator[Hit]:
    """Report answers with placeholders, unless the counts already differ (PH001 names those)."""
    stops = [problem for problem in case.facts.problems if problem.kind == "media-unwritten"]
    if not stops and not expanding_in_answers(case.limits.trainer):
        return
    kinds: tuple[tuple[MediaKind, int], ...] = (("image", 0), ("video", 1))
    turns = [turn for turn in case.facts.turns if turn.role != "system"]
    for kind, place in kinds:
        if sum(turn.placeholders[place] for turn in turns) != len(case.facts.of_kind(kind)):
            continue
        for turn in answers(case.facts):
            if turn.placeholders[place]:
                effect = "its image tokens become labels"
                if stops:
                    effect = f"this model's template writes no media in answers: {case.facts.trainer_error}"
                yield Hit(
                    f"the answer (turn {turn.index}) contains `<{kind}>`: {effect}",
                    "Move the placeholder to the user turn that it belongs to.",
                    turn=turn.index,
                )


RULE = check
