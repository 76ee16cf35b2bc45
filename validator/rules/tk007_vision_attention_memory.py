"""A row whose images need a lot of memory in the vision tower.

## What it finds
Rows whose images and videos have so many patches together that their attention scores, were they held at once, would
take more than 16 GiB: 16 heads, 2 bytes, patches squared.

## Why it matters
With eager attention, and in versions of transformers that hand a full mask to sdpa, the vision tower holds exactly
that: `torch.OutOfMemoryError: Tried to allocate 272.00 GiB` (LLaMA-Factory#9075). With flash attention it is harmless.
One such row ends the run hours in.

## Example
Eight screenshots of 2500 tokens each in one row.

## What to do
Train with `flash_attn: fa2`, lower `image_max_pixels`, or split the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.budget import slots_of
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every

HEADS, BYTES = 16, 2
"""Of the vision tower of Qwen2-VL, in all sizes, and of BF16."""
MOST = 16 << 30


@row_rule("TK007", "vision-attention-memory", "info", needs="media", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Square the patches of all media of the row."""
    if case.budget is None:
        return
    frames = [item.probe.frames or 0 for item in case.facts.media if item.kind == "video"]
    slots = [slots_of("video", number, case.limits) for number in frames]
    videos = sum(pads * times for pads, times in zip(case.budget.video_tokens, slots, strict=True))
    patches = (sum(case.budget.image_tokens) + videos) * case.limits.image.merge_size**2
    scores = patches * patches * HEADS * BYTES
    if scores > MOST:
        yield Hit(
            f"{patches:,} patches in one row: without flash attention the vision tower needs {scores / 2**30:,.0f} GiB",
            "Use flash_attn: fa2, lower image_max_pixels or split the row.",
            evidence={"patches": patches, "bytes": scores},
        )


RULE = check
