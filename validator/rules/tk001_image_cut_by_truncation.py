"""Truncation removes image tokens but not the image.

## What it finds
Rows with fewer image tokens left, after the trainer's own truncation, than their images have (or video tokens than
their videos): cut in the middle of an image, before it, or together with a whole turn.

## Why it matters
Preprocessing passes. Hours later, when the batch comes, training stops: `RuntimeError: shape mismatch: value tensor of
shape [3, N] cannot be broadcast to indexing result of shape [3, M]`, or `ValueError: Image features and image tokens do
not match, tokens: 0, features: 391` (LLaMA-Factory#5964, #6559, #6844, #7160).

## Example
Two screenshots of 1296 tokens each and `cutoff_len` 2048.

## What to do
Raise `cutoff_len`, lower `image_max_pixels` (the help names a value that fits), or split the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.fitting import max_pixels_that_fits
from validator.findings import count
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import stopping_at_cut_media


@row_rule("TK001", "image-cut-by-truncation", "error", needs="cut", trainers=stopping_at_cut_media)
def check(case: Case) -> Iterator[Hit]:
    """Report the first pair of turns that loses image tokens."""
    budget = case.budget
    if budget is None:
        return
    pads = budget.num_image_tokens_full + budget.num_video_tokens_full
    lost = pads - budget.num_image_tokens - budget.num_video_tokens
    if not lost:
        return
    pair = next(pair for pair in budget.pairs if pair.kept_pads < pair.pads)
    fits = max_pixels_that_fits(case.facts.turns, case.facts.media, case.limits)
    lower = f", or lower image_max_pixels to {fits}" if fits else ""
    images = count(pads, "image token" if not budget.num_video_tokens_full else "image and video token")
    yield Hit(
        f"{count(budget.num_tokens_full, 'token')} is over the limit of {case.limits.cutoff_len:,}: {lost:,} of "
        f"{images} {'is' if lost == 1 else 'are'} cut, so training crashes",
        f"Raise cutoff_len to {budget.num_tokens_full}{lower}, or split the row.",
        turn=pair.source_turn,
        evidence={
            "num_tokens_full": budget.num_tokens_full,
            "num_image_tokens_full": budget.num_image_tokens_full,
            "num_video_tokens_full": budget.num_video_tokens_full,
            "tokens_cut": lost,
            "fitting_image_max_pixels": fits,
        },
    )


RULE = check
