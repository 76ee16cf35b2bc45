"""Images that alone take more tokens than a row may have, or far more than in other rows.

## What it finds
Rows whose image tokens exceed `cutoff_len`; and, in entries with 200 rows with images or more, rows whose image tokens
exceed 2.5 times what 99 of 100 of these reach at most, or 5 times what 95 of 100 do, whichever is less, and 256.

## Why it matters
Attention and memory grow with it: on one such row an 8-GPU job runs out of memory (LLaMA-Factory#9075), or the cutoff
removes image tokens.

## Example
Nine screenshots of 1296 tokens each in one row under `cutoff_len` 8192.

## What to do
Lower `image_max_pixels` to the value that the help names, or use fewer images in the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from validator.facts.fitting import max_pixels_that_fits
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.peers import KEPT, Peers
from validator.rules.scope import every


@dataclass(slots=True)
class Explosions:
    """Image tokens of all rows with images, and the rows above the cutoff as (file, row, sample_id, tokens, fits)."""

    peers: Peers = field(default_factory=Peers)
    beyond: list[tuple[str, int, str, int, int | None]] = field(default_factory=list)
    cutoff_len: int = 0


def fold(found: Explosions, case: Case) -> None:
    """Count the row's image tokens before truncation."""
    if not case.facts.image_tokens:
        return
    facts, tokens = case.facts, sum(case.facts.image_tokens)
    found.cutoff_len = case.limits.cutoff_len
    found.peers.add(tokens, facts.file, facts.row, facts.sample_id)
    if tokens > case.limits.cutoff_len and len(found.beyond) < KEPT:
        fits = max_pixels_that_fits(facts.turns, facts.media, case.limits)
        found.beyond.append((facts.file, facts.row, facts.sample_id, tokens, fits))


def finish(found: Explosions, _: EntryFacts) -> Iterator[Hit]:
    """Report rows above the cutoff, then the outliers among peers."""
    for file, row, sample_id, tokens, fits in found.beyond:
        advice = f"Lower image_max_pixels to {fits}, or" if fits else "No image_max_pixels makes the row fit:"
        yield Hit(
            f"the row has {tokens:,} image tokens, more than the cutoff of {found.cutoff_len:,}",
            f"{advice} use fewer images in the row.",
            file=file,
            row=row,
            sample_id=sample_id,
            evidence={"num_image_tokens": tokens, "fitting_image_max_pixels": fits},
        )
    threshold = found.peers.threshold()
    for tokens, file, row, sample_id in found.peers.above(threshold) if threshold is not None else ():
        if tokens <= found.cutoff_len:
            yield Hit(
                f"the row has {tokens:,} image tokens; 99 of 100 rows with images of this entry have at most "
                f"{found.peers.reached(0.99):,}",
                "Use fewer or smaller images in the row.",
                file=file,
                row=row,
                sample_id=sample_id,
                evidence={"num_image_tokens": tokens, "threshold": threshold},
            )


def merge(left: Explosions, right: Explosions) -> Explosions:
    """Join two parts of an entry."""
    beyond = (left.beyond + right.beyond)[:KEPT]
    return Explosions(left.peers.merge(right.peers), beyond, max(left.cutoff_len, right.cutoff_len))


RULE = corpus_rule(
    "TK006",
    "image-token-explosion",
    "warning",
    CorpusCheck(finish, Explosions, fold, merge, needs="media"),
    trainers=every,
)
