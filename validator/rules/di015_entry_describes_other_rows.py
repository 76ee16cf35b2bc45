"""The entry does not match the rows of its file, so the trainer reads nothing, or not what was meant.

## What it finds
One error about the entry where one line of dataset_info.json is at fault, and not the rows: a `formatting` that is
missing, misspelt (`format`) or wrong for these rows (alpaca columns under sharegpt, conversations under alpaca);
`columns` or `tags` that are missing or misspelt (`column`, `tag`) while rows have a column of messages; keys and role
names of the other common kind (`from` and `human`, `role` and `user`); chosen and rejected answers without `"ranking":
true`, or the reverse; placeholders whose column of media is not listed.

What follows from it for the rows (no answer, roles out of order, placeholders without media ...) is not reported again,
row by row. The rows still count as dropped or flagged.

## Why it matters
The trainer stops at the first row with a KeyError, or drops every row and only says `Cannot find valid samples, check
data/README.md for the data format.`

## Example
```json
{"screens": {"file_name": "screens.json", "format": "sharegpt", "columns": {"messages": "messages"}}}
```

## What to do
Write the line that the help names into dataset_info.json, and check again: remaining faults of the rows show then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from validator.catalog.entry import Entry
from validator.conversation.sample import MediaKind
from validator.facts.texts import Texts
from validator.findings import count
from validator.rules.base import Case, Consequences, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.meant import (
    MEDIA,
    USERS,
    Conversation,
    Types,
    alpaca,
    alpaca_lines,
    conversation,
    keys_of,
    line,
    media_columns,
    misspelt,
    sharegpt_lines,
    tags_line,
)
from validator.rules.wording import role_at

_KINDS: dict[str, MediaKind] = {"images": "image", "videos": "video", "audios": "audio"}
_ALL: Mapping[str, tuple[Any, ...]] = {}
_EMPTY: Consequences = {"DI008": _ALL, "DI009": _ALL}
_OF_TEXT = ("CV003", "CV004", "CV009", "PH001", "LB001", "LB002", "DU002", "DU003", "DI005")
_UNREAD: Consequences = {**dict.fromkeys(_OF_TEXT, _ALL), **_EMPTY}
"""What is found where the trainer reads no text of any row."""


@dataclass(slots=True)
class RowsSeen:
    """How many rows there are, how many the trainer drops or stops at, in how many each problem and each unknown role
    occurs, and how many have placeholders of a kind without media of it.
    """

    rows: int = 0
    lost: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    unfilled: Counter[str] = field(default_factory=Counter)


def fold(seen: RowsSeen, case: Case) -> None:
    """Count a row."""
    facts = case.facts
    seen.rows += 1
    seen.lost += facts.outcome in ("dropped", "crash")
    seen.problems.update({problem.kind for problem in facts.problems})
    for problem in facts.problems:
        if problem.kind == "role-order" and (role := role_at(facts, problem.turn)) in USERS:
            seen.roles[role] += 1
        elif problem.kind == "count-mismatch":
            turns = [turn.placeholders for turn in facts.turns if turn.role != "system"]
            for place, kind in enumerate(MEDIA):
                if any(written[place] for written in turns) and not facts.of_kind(_KINDS[kind]):
                    seen.unfilled[kind] += 1


def fold_texts(seen: RowsSeen, texts: Texts) -> None:
    """Count rows without problems."""
    seen.rows += texts.records.num_rows
    seen.lost += int((texts.are("outcome", "dropped") | texts.are("outcome", "crash")).sum())


def finish(seen: RowsSeen, entry: EntryFacts) -> Iterator[Hit]:
    """Compare what the entry says with what the rows are."""
    types = next((file.survey.types for file in entry.files if file.survey is not None and file.survey.types), None)
    if entry.entry is None or types is None or not seen.rows:
        return
    unread = _unread(entry.entry, types, seen)
    if unread is not None:
        yield unread
    else:
        yield from _preference(entry.entry, types, seen)
        yield from _media(entry.entry, types, seen)


def merge(left: RowsSeen, right: RowsSeen) -> RowsSeen:
    """Add two parts."""
    return RowsSeen(
        left.rows + right.rows,
        left.lost + right.lost,
        left.problems + right.problems,
        left.roles + right.roles,
        left.unfilled + right.unfilled,
    )


def _unread(entry: Entry, types: Types, seen: RowsSeen) -> Hit | None:
    """The trainer reads no conversation of any row, and another formatting, column or tag would."""
    found = conversation(entry, types)
    if entry.formatting == "alpaca":
        given = {entry.columns["prompt"], entry.columns["response"], entry.columns["chosen"]} & types.keys()
        if found is None or given:
            return None
        lines = [line("formatting", "sharegpt"), *sharegpt_lines(entry, types, found)]
        return _hit(entry, seen, f"reads the rows as alpaca, but they are conversations (`{found.column}`)", lines)
    columns = alpaca(types)
    if found is None:
        if columns is None or keys_of(types.get(entry.columns["messages"] or "")):
            return None
        lines = [line("formatting", "alpaca"), *alpaca_lines(entry, types, columns)]
        names = ", ".join(f"`{name}`" for name in columns.values())
        what = f"expects conversations ({entry.formatting}), but the rows are alpaca ({names})"
        return _hit(entry, seen, what, lines)
    if entry.columns["messages"] != found.column:
        if keys_of(types.get(entry.columns["messages"] or "")):
            return None  # messages with keys of their own: DI005
        wanted = entry.columns["messages"]
        what = f"looks for the column `{wanted}`" if wanted else "finds no `messages` in `columns`"
        what += f", but the conversations are in `{found.column}`"
        return _hit(entry, seen, what, sharegpt_lines(entry, types, found))
    return _tags(entry, found, seen)


def _tags(entry: Entry, found: Conversation, seen: RowsSeen) -> Hit | None:
    """Keys of messages, or names of roles, of another kind than `tags` says."""
    tags = entry.tags
    names = (found.role, found.content)
    if (tags["role_tag"], tags["content_tag"]) != names:
        what = f"looks for `{tags['role_tag']}` and `{tags['content_tag']}` in messages that have {_and(names)}"
        return _hit(entry, seen, what, [tags_line(found)])
    if seen.lost < seen.rows or 2 * seen.roles.total() <= seen.rows:
        return None
    roles = sorted(seen.roles)
    what = f"expects {_quoted(tags['user_tag'])} to speak first, but the rows say {_and(roles)}"
    return _hit(entry, seen, what, [tags_line(found, roles)], {"CV001": {"role": tuple(USERS)}, **_EMPTY})


def _preference(entry: Entry, types: Types, seen: RowsSeen) -> Iterator[Hit]:
    """Chosen and rejected answers without `ranking`, or the reverse."""
    pair = [entry.columns[name] or name for name in ("chosen", "rejected")]
    there = all(name in types for name in pair)
    if entry.columns["kto_tag"]:
        return
    lost = 2 * seen.problems["odd-turns"] > seen.rows or 2 * seen.problems["no-answer"] > seen.rows
    unanswered = entry.formatting == "alpaca" and entry.columns["response"] not in types
    if not entry.ranking and there and (lost or unanswered):
        lines = [line("ranking", True)]
        if not (entry.columns["chosen"] and entry.columns["rejected"]):
            lines.append(line("columns", {**_present(entry, types), "chosen": pair[0], "rejected": pair[1]}))
        what = f"reads the rows as supervised, but they are pairs of answers ({_and(pair)})"
        explains = {"CV002": _ALL, "CV009": _ALL, "DI005": {"key": ("response",)}, **_EMPTY}
        yield _hit(entry, seen, what, lines, {**explains, **({"LB002": _ALL} if unanswered else {})})
    elif entry.ranking and lost and not any(name in types for name in pair):
        what = "reads the rows as pairs of answers (`ranking`), but they have no chosen and rejected ones"
        yield Hit(
            _message(entry, seen, what, None),
            'Leave "ranking" out of the entry.',
            evidence={"rows": seen.rows},
            explains={"CV002": _ALL, "CV009": _ALL, "DI011": _ALL, **_EMPTY},
        )


def _media(entry: Entry, types: Types, seen: RowsSeen) -> Iterator[Hit]:
    """Placeholders in most rows, and a column of media that `columns` does not list."""
    for kind in MEDIA:
        name = media_columns(entry, types).get(kind)
        if entry.columns[kind] is None and name is not None and 2 * seen.unfilled[kind] > seen.rows:
            what = f"reads no {kind}: the rows have them in `{name}`, which `columns` does not list"
            lines = [line("columns", {**_present(entry, types), kind: name})]
            explains = {"PH001": {"kind": (_KINDS[kind],), "media": (0,)}}
            yield _hit(entry, seen, what, lines, explains, seen.unfilled[kind])


def _present(entry: Entry, types: Types) -> dict[str, str]:
    """The columns that the entry's formatting reads and the rows have."""
    own = ("prompt", "query", "response", "history") if entry.formatting == "alpaca" else ("messages",)
    return {
        key: name
        for key, name in entry.columns.items()
        if name is not None and name in types and (key in own or key not in ("prompt", "query", "response", "messages"))
    }


def _hit(
    entry: Entry,
    seen: RowsSeen,
    what: str,
    lines: list[str],
    explains: Consequences = _UNREAD,
    rows: int | None = None,
) -> Hit:
    block = lines[0].split('"')[1]
    key = misspelt(entry, block)
    known = {"DI010": {"key": (key,)}} if key is not None else {}
    place = f'in place of "{key}"' if key is not None else "into the entry"
    return Hit(
        _message(entry, seen, what, key, rows),
        f"Write {', '.join(lines)} {place} in dataset_info.json; the rows need no change.",
        evidence={"rows": seen.lost if rows is None else rows},
        explains={**explains, **known},
    )


def _message(entry: Entry, seen: RowsSeen, what: str, key: str | None, rows: int | None = None) -> str:
    ignored = f"ignores the key `{key}`: it " if key is not None else ""
    lost = seen.lost if rows is None else rows
    if lost == seen.rows:
        of = f"all {count(lost, 'row')} fail" if lost > 1 else "its only row fails"
    else:
        of = f"{lost:,} of {count(seen.rows, 'row')} fail{'s' * (lost == 1)}"
    return f"the trainer {ignored}{what}: {of}"


def _and(words: Iterable[str]) -> str:
    return " and ".join(f"`{word}`" for word in words)


def _quoted(word: str | None) -> str:
    return f"`{word}`" if word else "nobody (`user_tag` is left out)"


RULE = corpus_rule(
    "DI015",
    "entry-describes-other-rows",
    "error",
    CorpusCheck(finish, RowsSeen, fold, merge, names_causes=True, fold_texts=fold_texts),
)
