"""The trainer's loader refuses the file because of this row.

## What it finds
What the loader (pyarrow for lines, pandas for arrays and csv) cannot read or cannot put into one table: invalid JSON, a
row that is not an object, a column with a string in one row and a list in another, a key given twice in a line, half of
a surrogate pair, a byte order mark before an array, a number beyond 64 bits; and, in files of lines above 10 MB, a
column or key that appears for the first time after the first 10 MB, or was only null until then. In a folder of files
the first that the trainer reads fixes the columns for all others, in the order of `os.listdir`; in csv files the first
10,000 rows do. Parquet and Arrow files that are damaged, or hold a type that the loader does not know: a column is
reported once, and the rows are judged by the others. Names that are not UTF-8 and, outside of files of lines, text that
is not. Packed files that are cut off or damaged, and archives with a file of another kind among those that are not
hidden.

## Why it matters
One such row keeps the whole file from loading: `DatasetGenerationError: An error occurred while generating the
dataset`, without a row number (LLaMA-Factory#7266).

At a packed file that is cut off the first start stops (`EOFError: Compressed file ended before the end-of-stream marker
was reached`); the second takes what was unpacked so far for the whole file, and may train on a part of the rows.

## Example
```json
{"messages": [], "images": "a.png"}
{"messages": [], "images": ["b.png"]}
```

## What to do
Contents that are text in some messages and lists of parts in others are reported once for the file: write the parts as
text with `<image>` where the picture stands, and the paths into the images column (`mmvalidate export --fix`).
Otherwise correct the row so that every column has one type throughout the file. The other rows of the file are still
checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from validator.catalog.survey import Refusal
from validator.conversation.parts import ADVICE, is_of_parts, path_of
from validator.findings import clip, count
from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import every

_IN_ROW = "Correct the row: valid text, and one type per column in all rows and files."
_IN_COLUMN = (
    "Write the column as text, numbers, lists or objects, under the name and with the type that it has in the entry's "
    "first file, or remove it."
)
_IN_FILE = "Correct the file or write it again: readable to its end, with the columns of the entry's first file."


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Report every refusal of the survey, and how many more there are."""
    for file in entry.files:
        if file.survey is None:
            continue
        survey = file.survey
        mixed, others = _told_apart(survey.refusals, entry)
        more = survey.num_refusals - len(survey.refusals)
        if mixed and entry.entry is not None:
            rows = len(mixed) + (0 if others else more)
            yield Hit(
                f"the trainer's loader refuses the file: `{path_of(entry.entry)}` is text in some messages and a list "
                f"of parts in others, in {count(rows, 'row')} (first: row {mixed[0].row})",
                ADVICE,
                file=file.name,
                evidence={"column": path_of(entry.entry), "rows": rows},
            )
        for refusal in others:
            yield Hit(
                f"the trainer's loader refuses the file: {clip(refusal.reason, 200)}",
                _IN_ROW if refusal.row is not None else _IN_COLUMN if refusal.column else _IN_FILE,
                file=file.name,
                row=refusal.row,
                evidence={"column": refusal.column} if refusal.column else {},
            )
        if more > 0 and others:
            yield Hit(
                f"the loader refuses {more:,} more rows of this file", "Correct those listed first.", file=file.name
            )


def _told_apart(refusals: Sequence[Refusal], entry: EntryFacts) -> tuple[list[Refusal], list[Refusal]]:
    """Refusals of contents in parts among texts, and all others."""
    mixed: list[Refusal] = []
    others: list[Refusal] = []
    for refusal in refusals:
        (mixed if entry.entry is not None and is_of_parts(refusal, entry.entry) else others).append(refusal)
    return mixed, others


RULE = corpus_rule("DI004", "loader-refuses-file", "error", CorpusCheck(finish, stops_entry=True), trainers=every)
