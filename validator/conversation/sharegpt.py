"""ShareGPT rows -> samples. Source: LLaMA-Factory 0.9.5 `converter.py`, `SharegptDatasetConverter`."""

from __future__ import annotations

from typing import Any

from validator.catalog.entry import Entry
from validator.conversation.media_paths import find_media
from validator.conversation.sample import MEDIA_COLUMNS, MediaKind, Sample, Turn

_ODD, _EVEN = ("user_tag", "observation_tag"), ("assistant_tag", "function_tag")
_MAPPED = ("user_tag", "assistant_tag", "observation_tag", "function_tag", "system_tag")


def convert(row: dict[str, Any], entry: Entry, media_dir: str) -> Sample:
    """Convert one row (as seen through `RowView`). Faults become problems of the sample; nothing is raised."""
    sample = Sample()
    messages = _take_system(sample, row, entry)
    if messages is not None:
        _align(sample, messages, entry)
    _take(sample, row, entry, "tools")
    for column, kind in MEDIA_COLUMNS.items():
        _take_media(sample, row, entry.columns[column], kind, media_dir)
    return sample


def _take_system(sample: Sample, row: dict[str, Any], entry: Entry) -> Any:
    """Take the system prompt from the first message or the column; return the remaining messages, None on a crash."""
    tags = entry.tags
    try:
        messages = row[entry.columns["messages"]]  # type: ignore[index]
        leads = bool(tags["system_tag"] and len(messages) != 0 and messages[0][tags["role_tag"]] == tags["system_tag"])
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        sample.fail(_messages_problem(error, entry.columns["messages"], row), error)
        return None
    if not leads:
        _take(sample, row, entry, "system")
        return messages
    try:
        sample.system, sample.system_turn = messages[0][tags["content_tag"]], 0
    except (KeyError, TypeError) as error:
        sample.fail("column-missing", error, 0)
        return None
    return messages[1:]


def _align(sample: Sample, messages: Any, entry: Entry) -> None:
    tags = entry.tags
    allowed = [tuple(tags[name] for name in names) for names in (_ODD, _EVEN)]
    roles = {tags[name]: name.removesuffix("_tag") for name in _MAPPED}  # a tag given twice: the last one counts
    shift = 0 if sample.system_turn is None else 1
    aligned = 0
    for position, message in enumerate(messages):
        index = position + shift
        try:
            role = message[tags["role_tag"]]
            fits = role in allowed[position % 2]
            content = message[tags["content_tag"]] if fits else None
        except (KeyError, TypeError, IndexError) as error:
            kind = "column-missing" if isinstance(error, KeyError) else "message-type"
            sample.fail(kind, error, index)
            return
        if not fits:
            wanted = " or ".join(str(tag) for tag in allowed[position % 2] if tag is not None)
            sample.drop("role-order", index, f"the role is {_show(role)} where the trainer wants {wanted}")
            break
        sample.turns.append(Turn(index, roles[role], content))
        aligned += 1
    if not aligned and not sample.dropped:
        sample.drop("no-turns", None, "it has no messages besides the system prompt" if shift else "it has no messages")
    elif aligned % 2 and not sample.dropped:
        sample.drop("odd-turns", None, f"it has {aligned} messages: the last question has no answer")
    if sample.dropped:
        sample.turns = [_raw_turn(message, tags, roles, position + shift) for position, message in enumerate(messages)]


def _raw_turn(message: Any, tags: dict[str, str | None], roles: dict[Any, str], index: int) -> Turn:
    """A turn of a row that the trainer drops, kept so that its other faults are still seen."""
    if not isinstance(message, dict):
        return Turn(index, "unknown", None)
    role = message.get(tags["role_tag"])
    name = roles.get(role) if isinstance(role, str) else None
    return Turn(index, name or _show(role), message.get(tags["content_tag"]))


def _take(sample: Sample, row: dict[str, Any], entry: Entry, column: str) -> None:
    name = entry.columns[column]
    if not name:
        return
    try:
        setattr(sample, column, row[name])
    except KeyError as error:
        sample.fail("column-missing", error)


def _take_media(sample: Sample, row: dict[str, Any], name: str | None, kind: MediaKind, media_dir: str) -> None:
    if not name:
        return
    if name not in row:
        sample.fail("column-missing", KeyError(name))
        return
    find_media(sample, kind, row[name], media_dir)


def _messages_problem(error: Exception, name: str | None, row: dict[str, Any]) -> str:
    if isinstance(error, KeyError):
        return "column-missing"
    return "messages-null" if row.get(name or "") is None else "message-type"


def _show(role: Any) -> str:
    return "null" if role is None else repr(role)[:40]
