"""Rows with images mixed with rows without.

## What it finds
Runs in which some rows have images or videos and others have none. Not under LLaMA-Factory, which adds a small white
image to each batch that has none.

## Why it matters
Only with ZeRO-3 or FSDP, under which every process must run the same modules. Where one of them has a batch without
images its vision tower is not used, and all wait forever: `Watchdog caught collective operation timeout`
(DeepSpeed#5066, Qwen2-VL#346).

## Example
Screenshots and plain chats, shuffled.

## What to do
Ignore this without ZeRO-3 or FSDP. With them, add a small image to rows without, train them in batches of one kind, or
use LLaMA-Factory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from validator.facts.texts import Texts
from validator.findings import count
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import batching_as_they_come


@dataclass(slots=True)
class Modalities:
    """Rows with and without media."""

    with_media: int = 0
    without: int = 0


def fold(modalities: Modalities, case: Case) -> None:
    """Count a row that is trained on."""
    if case.facts.outcome == "ok":
        if case.facts.media:
            modalities.with_media += 1
        else:
            modalities.without += 1


def fold_texts(modalities: Modalities, texts: Texts) -> None:
    """Count rows without media that are trained on."""
    modalities.without += int(texts.are("outcome", "ok").sum())


def merge(left: Modalities, right: Modalities) -> Modalities:
    """Add two parts."""
    return Modalities(left.with_media + right.with_media, left.without + right.without)


def finish_run(parts: Sequence[tuple[EntryFacts, Modalities]]) -> Iterator[Hit]:
    """Say it once, at the first entry."""
    with_media = sum(modalities.with_media for _, modalities in parts)
    without = sum(modalities.without for _, modalities in parts)
    if with_media and without:
        yield Hit(
            f"{count(with_media, 'row')} with media are mixed with {count(without, 'row')} without: ZeRO-3 and "
            "FSDP may hang",
            "Ignore this without ZeRO-3 or FSDP; with them, add a small image to rows without, or batch them apart.",
            dataset=parts[0][0].name,
            evidence={"with_media": with_media, "without": without},
        )


RULE = corpus_rule(
    "DI014",
    "modalities-mixed",
    "info",
    CorpusCheck(start=Modalities, fold=fold, merge=merge, finish_run=finish_run, fold_texts=fold_texts),
    trainers=batching_as_they_come,
)
