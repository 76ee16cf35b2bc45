"""The trainer draws rows at random from this entry.

## What it finds
Entries with `num_samples`.

## Why it matters
Nothing is wrong, but which rows are trained on depends on the random state of the run: `num_samples` rows are drawn
from all, each once, and, when there are fewer, some are drawn again. All rows of the entry are checked here, so a fault
that is found may lie in a row that a run leaves out; whether the first 1000 rows hold an image (DI007) is left to
chance.

## Example
```json
{"screens": {"file_name": "screens.json", "num_samples": 500}}
```

## What to do
Nothing, or remove `num_samples` to train on all rows once.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import count
from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Report how many rows are drawn from how many."""
    if entry.entry is None or entry.entry.num_samples is None:
        return
    drawn, rows = entry.entry.num_samples, sum(file.survey.num_rows for file in entry.files if file.survey is not None)
    if rows:
        more = " (some of them more than once)" if drawn > rows else ""
        yield Hit(
            f"the trainer draws {count(drawn, 'row')} at random from {rows:,}{more}; all are checked here",
            "Remove `num_samples` to train on all rows once.",
            evidence={"num_samples": drawn, "rows": rows},
        )


RULE = corpus_rule("DI012", "rows-drawn-at-random", "info", CorpusCheck(finish))
