"""`columns` of a part of TRL's mixture that are not there, or that leave out images.

## What it finds
Names under `columns` in TRL's training file that are no columns of the data; and `columns` without `images` or `image`
where the data have such a column.

## Why it matters
At an unknown column TRL stops: `ValueError: Column name ['image'] not in the dataset.` Without its column of images a
part is fed as text, or, beside a part that has one, with null for its images.

## Example
`columns: [messages]`, for data with `messages` and `images`.

## What to do
Correct `columns`, or add the column of images.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import masking


def finish(_: None, facts: EntryFacts) -> Iterator[Hit]:
    """Compare with the columns of the files."""
    there = {name for file in facts.files if file.survey is not None for name in file.survey.types}
    if facts.entry is None or facts.entry.keep is None or not there:
        return
    for name in facts.entry.keep:
        if name not in there:
            yield Hit(
                f"`columns` names `{clip(name)}`, which the data do not have: TRL stops with ValueError: Column name "
                "not in the dataset",
                f"The data have: {', '.join(clip(other, 40) for other in sorted(there)[:10])}.",
                evidence={"column": name},
            )
    for name in sorted({"image", "images"} & there - set(facts.entry.keep)):
        yield Hit(
            f"`columns` leaves out `{name}`: these images are not trained on",
            f"Add {name} to `columns`.",
            severity="warning",
            evidence={"column": name},
        )


RULE = corpus_rule("DI033", "columns-not-selected", "error", CorpusCheck(finish), trainers=masking)
