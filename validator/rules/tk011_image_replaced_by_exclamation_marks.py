"""An image or a video that the cutoff takes is replaced by exclamation marks.

## What it finds
Rows in which an image or a video stands within an answer, and the cutoff falls into it.

## Why it matters
LLaMA-Factory v1 takes out an image or a video of which a token is cut. Those of its tokens that are left become the
token of id 0, which is `!` in Qwen's vocabulary: they are attended to, and not learned. Training goes on, and nothing
is logged: the model reads hundreds of exclamation marks in its place. An image of a question is never cut so: its
answer lies behind the cutoff then, and is left out (TK012, TK002).

## Example
An answer with a picture of 391 tokens that begins at token 1,900, under `cutoff_len` 2048, which is the default.

## What to do
Raise `cutoff_len`, move the image into a question, or make it smaller.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import splitting


@row_rule("TK011", "image-replaced-by-exclamation-marks", "error", needs="cut", trainers=splitting)
def check(case: Case) -> Iterator[Hit]:
    """Report the row with the first pair of turns that loses an image in part."""
    budget = case.budget
    if budget is None:
        return
    for pair in budget.pairs:
        if pair.kept_pads < pair.pads and pair.kept_target:
            what = "an image" if not budget.num_video_tokens_full else "an image or a video"
            yield Hit(
                f"the cutoff of {case.limits.cutoff_len:,} falls into {what} of turn {pair.target_turn}, an answer: "
                "it is taken out, and those of its tokens that are left are fed as `!`",
                f"Raise cutoff_len to {budget.num_tokens_full}, or move it into a question.",
                turn=pair.target_turn,
                evidence={"num_tokens_full": budget.num_tokens_full, "image_tokens_lost": pair.pads - pair.kept_pads},
            )
            return


RULE = check
