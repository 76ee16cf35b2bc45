"""Images or videos in a column that the trainer never reads.

## What it finds
Columns with media that `columns` does not name, in rows that are trained on without any: paths and URLs of pictures,
videos or sound, files as bytes or in base64, whatever the column is called. A column `image` of numbers or of empty
texts does not count. What a loader reads by its name, as ms-swift does, is read. Keys of messages beside role and
content (`{"role": "user", "content": "What?", "images": ["a.png"]}`) count too: no loader of conversations reads them.

Under `qwen-vl-utils` also entries that are laid out as Qwen's own fine-tuning reads them (`conversations` of `from` and
`value`) and whose media stand in other columns than `image` and `video`, the only ones that it looks at.

## Why it matters
There is no message. The rows train on their text alone: the model learns to answer questions about pictures that it has
not seen. Qwen's own loader stops at a row whose text has `<image>`, and takes another row in its place.

## Example
```json
{"screens": {"file_name": "screens.json", "formatting": "sharegpt", "columns": {"messages": "messages"}}}
```
where the rows have `images`, too.

## What to do
Name the column in `columns`, with `<image>` in the text in the place of each image. If only the text is meant, remove
the column or ignore this rule. In data alone, which no `columns` names, write media as parts of messages. For Qwen's
own loader call the columns `image` and `video`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from validator.catalog.entry import OWN
from validator.conversation.sample import MEDIA_COLUMNS, PLACEHOLDERS, MediaKind
from validator.findings import clip, count
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import every

_COLUMNS = {kind: column for column, kind in MEDIA_COLUMNS.items()}
_HOLDS = {"image": "images", "video": "videos", "audio": "audio"}


@dataclass(slots=True)
class Unread:
    """Per column: the kind of its media, the number of rows, and the first of them (place, file, row)."""

    columns: dict[str, tuple[MediaKind, int, tuple[int, str, int]]] = field(default_factory=dict)

    def add(self, name: str, kind: MediaKind, rows: int, first: tuple[int, str, int]) -> None:
        """Count rows of a column."""
        known, number, earliest = self.columns.get(name, (kind, 0, first))
        self.columns[name] = (known if earliest <= first else kind, number + rows, min(earliest, first))


def fold(unread: Unread, case: Case) -> None:
    """Count a row that is trained on."""
    if case.facts.outcome != "ok":
        return
    for problem in case.facts.problems:
        if problem.kind.startswith("unread-"):
            kind: MediaKind = problem.kind.removeprefix("unread-")  # type: ignore[assignment]
            unread.add(problem.message, kind, 1, (case.place, case.facts.file, case.facts.row))


def merge(left: Unread, right: Unread) -> Unread:
    """Add two parts."""
    for name, part in right.columns.items():
        left.add(name, *part)
    return left


def finish(unread: Unread, entry: EntryFacts) -> Iterator[Hit]:
    """Say it once for each column."""
    if entry.entry is None:
        return
    named = set(entry.entry.columns.values())
    for name, (kind, rows, (_, file, row)) in sorted(unread.columns.items()):
        column, _, key = name.rpartition("[].")
        where = f"the key `{clip(key)}` of `{clip(column)}`" if column else f"the column `{clip(name)}`"
        where = f"{where} holds {_HOLDS[kind]}"
        first = f"{count(rows, 'row')} (first: row {row} of {clip(file)})"
        if entry.settings.profile.family == "qwen-vl-utils" and name in named:
            message = f"{where}, but Qwen's own loader reads only `conversations`, `image` and `video`: it finds none"
            yield Hit(
                f"{message} for {first}", f"Call the column `{kind}` in the rows.", evidence=_evidence(name, rows)
            )
            continue
        move = "Put it into a column of the row, name that" if column else "Name it"
        instead = f"{move} under `columns.{_COLUMNS[kind]}` and write {PLACEHOLDERS[kind]} where each belongs"
        if entry.entry.formatting == OWN:
            instead = _in_messages(kind, blocks=entry.settings.profile.splits_at_answers)
        yield Hit(
            f"{where}, but nothing reads it: {first} {'trains' if rows == 1 else 'train'} on text alone",
            f"{instead}, or remove it if only the text is meant.",
            evidence=_evidence(name, rows),
        )


def _in_messages(kind: MediaKind, *, blocks: bool) -> str:
    """What to do in layouts of trainers' own. `blocks`: media stand in blocks with a `value`."""
    if kind == "image" and not blocks:
        return "Put them into a column `images`"
    part = f'{{"type": "{kind}_url", "value": PATH}}' if blocks else f'{{"type": "{kind}", "{kind}": PATH}}'
    return f"Write {part} into a message where each belongs"


def _evidence(column: str, rows: int) -> dict[str, str | int]:
    return {"column": column, "rows": rows}


RULE = corpus_rule(
    "DI017",
    "media-column-not-read",
    "warning",
    CorpusCheck(finish, Unread, fold, merge, needs="problems"),
    trainers=every,
)
