"""Rows -> the keys of their entry, and what of it is unsure. Pure: no file is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from validator.catalog.entry import TAG_DEFAULTS
from validator.catalog.recognise.columns import Columns, ColumnValues, columns_of, described, is_text, named, quoted
from validator.catalog.recognise.media import items_of, lacks_bytes, media_columns, paths_in
from validator.catalog.recognise.messages import Talks, is_message, is_talk, talks_in
from validator.catalog.recognise.roles import tags_of
from validator.catalog.recognise.sampling import SampledRow
from validator.catalog.recognise.texts import preference_in, question_and_answer, text_alone
from validator.findings import clip, count

MOST_PATHS = 200
"""Different media paths that are looked for."""
_SYSTEM = ("system", "system_prompt", "system_message")
_TOOLS = ("tools", "functions")
_KTO = ("kto_tag", "label", "desirable")
_TAGS = {"images": "<image>", "videos": "<video>", "audios": "<audio>"}
_SWIFT_NAMES = frozenset(
    ("conversation", "conversations", "messages", "image", "images", "video", "videos", "audio", "audios", "system",
     "system_prompt", "tools")
)  # fmt: skip
"""Columns that ms-swift knows by their names."""
ONLY_SWIFT = "of the trainers, only ms-swift takes these rows: check with --trainer ms-swift"


class UnrecognisedError(ValueError):
    """Rows are nothing that is known. The message says what was found in them."""


class UntakenError(ValueError):
    """Rows are known, and no trainer reads them. The message says why."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What rows are. `entry`: its keys but for the one that names the data; `holds`: in words what is where; `doubts`:
    sentences; `paths`: some of the media that the rows name; `swift`: only ms-swift takes the rows.
    """

    entry: dict[str, Any]
    holds: str
    doubts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    swift: bool = False


@dataclass(slots=True)
class _Draft:
    """What is known so far. `columns`: of the entry; `doubts`: sentences."""

    rows: Sequence[SampledRow]
    given: Columns
    columns: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)

    def take_text(self, column: str, names: Sequence[str]) -> None:
        """Name a column of text where there is one."""
        found = next((given for given in named(self.given, names) if given.may_be_text), None)
        if found is not None and found.name not in self.columns.values():
            self.columns[column] = found.name

    def take_media(self) -> None:
        """Name the columns of media."""
        found, doubts = media_columns(self.given, frozenset(self.columns.values()))
        self.columns |= found
        self.doubts += doubts

    def take_label(self) -> None:
        """Name the column that says whether an answer is wanted, for KTO."""
        found = next(
            (column for column in named(self.given, _KTO) if column.holds(lambda v: isinstance(v, bool))), None
        )
        if found is not None:
            self.columns["kto_tag"] = found.name
            if found.name.lower() != "kto_tag":
                self.doubts.append(
                    f"`{found.name}` is true or false: it is taken for the label of KTO; take `kto_tag` out of "
                    "`columns` where it means something else."
                )

    @property
    def media(self) -> dict[str, ColumnValues]:
        """The columns of media that are named."""
        return {kind: self.given[name] for kind, name in self.columns.items() if kind in _TAGS}

    def paths(self) -> tuple[str, ...]:
        """Some of the media that rows name."""
        every = (path for column in self.media.values() for path in paths_in(column))
        return tuple(islice(dict.fromkeys(every), MOST_PATHS))

    def miss(self, column: str, what: str, fits: Callable[[Any], bool], so: str) -> None:
        """Doubt rows whose value of a column is not what it should be."""
        odd = [row for row in self.rows if not fits(row.value.get(column))]
        if odd:
            has = quoted(name for name, value in odd[0].value.items() if value is not None) or "nothing"
            self.doubts.append(
                f"rows whose `{clip(column, 40)}` is no {what}: {_share(odd, self.rows)}, and holds {has}); {so}."
            )


def _share(some: Sequence[SampledRow], every: Sequence[SampledRow]) -> str:
    """How many of all, and which is the first, up to a closing bracket."""
    return f"{len(some):,} of {len(every):,} ({some[0].place} is the first"


def recognise(rows: Sequence[SampledRow]) -> Guess:
    """The entry for rows that are objects. Raises UnrecognisedError and UntakenError."""
    columns = columns_of(rows)
    pair = preference_in(columns)
    found = talks_in(columns, frozenset(column.name for column in pair or ()))
    draft = _Draft(rows, columns)
    return _of_talks(draft, found, pair) if found else _of_texts(draft, pair)


def _of_talks(draft: _Draft, found: list[Talks], pair: tuple[ColumnValues, ColumnValues] | None) -> Guess:
    talks = found[0]
    draft.columns["messages"] = talks.column
    if len(found) > 1:
        others = quoted(other.column for other in found[1:])
        draft.doubts.append(f"{others} may be the conversation too: `columns.messages` names `{talks.column}`.")
    draft.take_text("system", _SYSTEM)
    calls = any(message.get("tool_calls") for talk in talks.talks for message in talk)
    tools = next((column for column in named(draft.given, _TOOLS)), None)
    listed = tools is not None and tools.holds(lambda value: isinstance(value, list | dict))
    if tools is not None and (listed or tools.may_be_text):
        draft.columns["tools"] = tools.name
    ranking = _take_pair(draft, talks, pair)
    draft.take_label()
    draft.take_media()
    _doubt_tags(draft, talks)
    if why := _only_swift(draft, talks):
        return _swift(draft, why, talks)
    fits = is_talk if talks.form == "messages" else bool
    so = "LLaMA-Factory stops at such a row; put rows of another kind into a file of their own"
    draft.miss(talks.column, "conversation", fits, so)
    _doubt_contents(draft, talks)
    answers = [value for column in pair or () for value in column.values] if ranking else ()
    tags, doubts = tags_of(talks.talks, talks.role_key, talks.content_key, answers)
    draft.doubts += doubts
    entry: dict[str, Any] = {"formatting": "openai" if calls or listed else "sharegpt"}
    if entry["formatting"] == "openai" and any(not row.value.get(draft.columns.get("tools", "")) for row in draft.rows):
        draft.doubts.append(
            "tool calls in their own key need the formatting openai, under which LLaMA-Factory adds `detailed thinking "
            "off` to the system prompt of rows without tools."
        )
    if ranking:
        entry["ranking"] = True
    entry["columns"] = draft.columns
    if tags != TAG_DEFAULTS:
        entry["tags"] = tags
    return Guess(entry, _words("conversations", draft), tuple(draft.doubts), draft.paths())


def _take_pair(draft: _Draft, talks: Talks, pair: tuple[ColumnValues, ColumnValues] | None) -> bool:
    """Name the columns of a better and a worse answer, where they are messages as the conversation's are."""
    if pair is None:
        return False
    if all(column.holds(lambda value: is_message(value, talks)) for column in pair):
        draft.columns |= {"chosen": pair[0].name, "rejected": pair[1].name}
        return True
    draft.doubts.append(
        f"`{pair[0].name}` and `{pair[1].name}` are left out: beside a conversation LLaMA-Factory wants each as one "
        f'message, {{"{talks.role_key}": ..., "{talks.content_key}": ...}}; the entry is for supervised fine-tuning.'
    )
    return False


def _only_swift(draft: _Draft, talks: Talks) -> str | None:
    """Why only ms-swift takes conversations; None where others do."""
    if talks.form == "pairs":
        return f"`{talks.column}` holds pairs of question and answer in place of messages"
    if talks.form == "text":
        return f"`{talks.column}` holds its messages as JSON in text"
    boxes = draft.given.get("objects")
    if boxes is not None and boxes.holds(lambda value: isinstance(value, dict) and "bbox" in value):
        return "`objects` holds references and boxes that are filled in for <ref-object> and <bbox>"
    odd = next((column for column in draft.media.values() if lacks_bytes(column)), None)
    return None if odd is None else f"`{odd.name}` holds objects with a path alone"


def _swift(draft: _Draft, why: str, talks: Talks) -> Guess:
    entry: dict[str, Any] = {"formatting": "ms-swift"}
    other = {column: name for column, name in draft.columns.items() if name not in _SWIFT_NAMES}
    if other:
        entry["columns"] = other
    doubts = (f"{why}: {ONLY_SWIFT}.", *draft.doubts)
    return Guess(entry, _words("conversations", draft), doubts, draft.paths(), swift=True)


def _of_texts(draft: _Draft, pair: tuple[ColumnValues, ColumnValues] | None) -> Guess:
    if pair is not None and not all(column.holds(is_text) for column in pair):
        raise UntakenError(
            f"`{pair[0].name}` and `{pair[1].name}` are not text and there is no column of messages before them: write "
            "the messages that both share into a column of their own, and each answer as one message"
        )
    names = None if pair is None else (pair[0].name, pair[1].name)
    found = question_and_answer(draft.given, names)
    texts = found or (text_alone(draft.given) if pair is None else None)
    if texts is None:
        raise UnrecognisedError(
            f"its rows hold {described(draft.given) or 'nothing'}, of which mmvalidate recognises no conversation, no "
            "question with an answer and no text; name its columns in an entry by hand"
        )
    draft.columns |= texts.columns
    draft.doubts += texts.doubts
    draft.take_text("system", _SYSTEM)
    draft.take_text("tools", _TOOLS)
    history = next(iter(named(draft.given, ("history",))), None)
    if found is not None and history is not None and (not history.values or history.holds(_is_history)):
        draft.columns["history"] = history.name
    draft.take_label()
    draft.take_media()
    _doubt_tags(draft, None)
    odd = next((column for column in draft.media.values() if lacks_bytes(column)), None)
    if odd is not None:
        draft.doubts.append(f"`{odd.name}` holds objects with a path alone, which LLaMA-Factory does not open.")
    answer = draft.columns.get("response")
    if answer is not None:
        draft.miss(answer, "text", is_text, "LLaMA-Factory leaves out a row whose answer is not text")
    entry: dict[str, Any] = {"formatting": "alpaca"}
    if pair is not None:
        entry["ranking"] = True
    entry["columns"] = draft.columns
    what = "text" if found is None else "questions with two answers" if pair else "questions and answers"
    return Guess(entry, _words(what, draft), tuple(draft.doubts), draft.paths())


def _is_history(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value)


def _words(what: str, draft: _Draft) -> str:
    """What the rows hold, and where."""
    return f"{what}: " + ", ".join(f"{column} in `{clip(name, 40)}`" for column, name in draft.columns.items())


def _doubt_contents(draft: _Draft, talks: Talks) -> None:
    contents = [message.get(talks.content_key) for talk in talks.talks for message in talk]
    if any(isinstance(content, list | dict) for content in contents):
        draft.doubts.append(
            "contents are lists of parts, which ms-swift takes (check with --trainer ms-swift) and LLaMA-Factory does "
            "not: `mmvalidate export RUN --to clean --fix` writes them as text."
        )


def _doubt_tags(draft: _Draft, talks: Talks | None) -> None:
    """Media without a mark in the text, and marks in the text without a column of media."""
    for kind, mark in _TAGS.items():
        name = draft.columns.get(kind)
        shown = [(row, mark in _text_of(row, draft, talks)) for row in draft.rows]
        if name is None:
            if marked := [row for row, has in shown if has]:
                draft.doubts.append(
                    f"rows with {mark} in the text: {_share(marked, draft.rows)}), but no column holds {kind}; name "
                    f"one as `columns.{kind}`."
                )
            continue
        filled = [(row, has) for row, has in shown if any(True for _ in items_of(row.value.get(name)))]
        bare = [row for row, has in filled if not has]
        if bare and (talks is None or talks.form == "messages"):
            share = _share(bare, [row for row, _ in filled])
            draft.doubts.append(
                f"rows with {kind} but no {mark} in the text: {share}); LLaMA-Factory stops at such a row, ms-swift "
                "puts it in."
            )
        urls = sum(path.startswith(("http://", "https://")) for path in paths_in(draft.given[name]))
        if urls:
            draft.doubts.append(
                f"`{name}` holds {count(urls, 'URL')}, which LLaMA-Factory does not fetch: download them."
            )


def _text_of(row: SampledRow, draft: _Draft, talks: Talks | None) -> str:
    return "\n".join(_texts_of(row.value, draft, talks))


def _texts_of(row: dict[str, Any], draft: _Draft, talks: Talks | None) -> Iterator[str]:
    values = [row.get(draft.columns.get(column, "")) for column in ("prompt", "query", "response", "system")]
    for value in values:
        if isinstance(value, str):
            yield value
    messages = row.get(talks.column) if talks is not None else row.get(draft.columns.get("history", ""))
    for message in messages if isinstance(messages, list) else ():
        for value in message.values() if isinstance(message, dict) else message if isinstance(message, list) else ():
            if isinstance(value, str):
                yield value
