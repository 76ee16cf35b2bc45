"""Rows are drawn with replacement: many are left out, others come several times.

## What it finds
Entries of a registry in YAML with `size` or `weight`, a `weight` of 1 too.

## Why it matters
LLaMA-Factory v1 draws `size` rows of an entry by `random.choices`, and then `weight` times as many as there are. Each
draw is from all rows, so that a row may come several times. With `weight: 1.0`, which its documentation calls the
default, some 37 % of the rows are not trained on; without the key all are. Nothing is logged. Rows here are samples: a
row with three answers is drawn for each.

## Example
```yaml
screens:
  path: data/screens.json
  source: local
  converter: sharegpt
  weight: 1.0
```

## What to do
Remove `size` and `weight` to train on each row once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import splitting


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Say how many rows are left out, about."""
    if entry.entry is None:
        return
    size, weight = entry.entry.num_samples, entry.entry.weight
    rows = sum(file.survey.num_rows for file in entry.files if file.survey is not None)
    if not rows or (size is None and weight is None):
        return
    drawn = int((size or rows) * weight) if weight else size or rows
    times = drawn / rows
    if size and weight:
        times = size / rows * (1 - math.exp(-drawn / size))  # of the places of a row among the first, those drawn again
    named = " and ".join(f"`{name}`" for name, given in (("size", size), ("weight", weight)) if given)
    yield Hit(
        f"{named}: {drawn:,} of {rows:,} rows are drawn with replacement, so that about {100 * math.exp(-times):.0f} % "
        "of the rows are left out, by chance; all are checked here",
        f"Remove {named} to train on each row once.",
        evidence={"size": size, "weight": weight, "rows": rows},
    )


RULE = corpus_rule("DI028", "rows-drawn-with-replacement", "warning", CorpusCheck(finish), trainers=splitting)
