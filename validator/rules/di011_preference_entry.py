"""A ranking or KTO entry, checked only for what it shares with supervised fine-tuning.

## What it finds
Entries with `"ranking": true` or a `kto_tag` column.

## Why it matters
The entry itself is fine. Roles, media, placeholders and special tokens are checked as in every entry; token counts,
truncation and labels are those of supervised fine-tuning on the chosen (for KTO: the given) answer, which is not what
the preference trainers feed. Named in a supervised run, a ranking entry stops it: `The dataset is not applicable in the
current training stage.`, and the rows of a KTO entry are dropped.

## Example
```json
{"pairs": {"file_name": "pairs.json", "ranking": true}}
```

## What to do
Leave the entry out of a supervised run. For preference training, do not rely on the counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Mark preference entries."""
    if entry.entry is None or not (entry.entry.ranking or entry.entry.columns["kto_tag"]):
        return
    kind = "ranking" if entry.entry.ranking else "KTO"
    yield Hit(
        f"a {kind} entry, checked as supervised fine-tuning data: token counts are not those of preference training",
        "Leave it out of a supervised run.",
    )


RULE = corpus_rule("DI011", "preference-entry", "info", CorpusCheck(finish))
