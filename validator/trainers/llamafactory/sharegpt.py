"""ShareGPT rows -> samples. Source: LLaMA-Factory 0.9.5 `converter.py`, `SharegptDatasetConverter`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from validator.catalog.entry import Entry
from validator.conversation.columns import role_names, show, take, take_media, take_messages
from validator.conversation.sample import Sample, Turn
from validator.storage.media_files import MediaFiles

if TYPE_CHECKING:
    from validator.trainers.llamafactory.profile import LlamaFactory

ASKING, ANSWERING = ("user_tag", "observation_tag"), ("assistant_tag", "function_tag")


def convert(row: dict[str, Any], entry: Entry, files: MediaFiles, trainer: LlamaFactory) -> Sample:
    """Convert one row (as seen through `RowView`). Faults become problems of the sample; nothing is raised."""
    sample = Sample()
    messages = take_messages(sample, row, entry)
    if messages is not None:
        if sample.system_turn is None:
            sample.system = take(sample, row, entry, "system")
        _align(sample, messages, entry, trainer)
        answer_by_preference(sample, row, entry)
    sample.tools = take(sample, row, entry, "tools")
    take_media(sample, row, entry, files, trainer.media_columns)
    return sample


def judge_count(sample: Sample, turns: int, entry: Entry) -> None:
    """Drop the row where questions and answers do not pair up (in ranking entries the answer stands elsewhere)."""
    if sample.dropped:
        return
    if not turns:
        lone = sample.system_turn is not None
        sample.drop("no-turns", None, "it has no messages" + (" besides the system prompt" if lone else ""))
    elif turns % 2 != (1 if entry.ranking else 0):
        last = "the last question has no answer" if not entry.ranking else "a ranking row must end with a question"
        sample.drop("odd-turns", None, f"it has {turns} message{'s' * (turns > 1)}: {last}")


def answer_by_preference(sample: Sample, row: dict[str, Any], entry: Entry) -> None:
    """In a ranking entry the chosen message answers the last question."""
    if not entry.ranking or sample.dropped or sample.crashed:
        return
    chosen, rejected = (take(sample, row, entry, column) for column in ("chosen", "rejected"))
    if not (isinstance(chosen, dict) and isinstance(rejected, dict)):
        sample.drop("no-preference", None, "its chosen and rejected answers are no messages")
        return
    roles, allowed = role_names(entry), [entry.tags[name] for name in ANSWERING]
    try:
        role = chosen[entry.tags["role_tag"]]
        content = chosen[entry.tags["content_tag"]]
    except KeyError as error:
        sample.fail("column-missing", error)
        return
    if role not in allowed:
        sample.drop("role-order", None, f"the role of the chosen answer is {show(role)}")
        return
    sample.turns.append(Turn(sample.turns[-1].index + 1, roles[role], content))


def _align(sample: Sample, messages: Any, entry: Entry, trainer: LlamaFactory) -> None:
    tags, roles = entry.tags, role_names(entry)
    allowed = [tuple(tags[name] for name in names) for names in (ASKING, ANSWERING)]
    shift = 0 if sample.system_turn is None else 1
    for position, message in enumerate(messages):
        index = position + shift
        try:
            role = message[tags["role_tag"]]
            fits = role in allowed[position % 2]
            if not fits and trainer.unknown_role == "crash":
                _look_at_all(messages[position:], entry)
            content = message[tags["content_tag"]] if fits else None
        except (KeyError, TypeError, IndexError) as error:
            unknown = isinstance(message, dict) and error.args == (message.get(tags["role_tag"]),)
            missing = "role-unknown" if unknown and trainer.unknown_role == "crash" else "column-missing"
            sample.fail(missing if isinstance(error, KeyError) else "message-type", error, index)
            return
        if not fits:
            wanted = " or ".join(str(tag) for tag in allowed[position % 2] if tag is not None)
            sample.drop("role-order", index, f"the role is {show(role)} where the trainer wants {wanted}")
            break
        sample.turns.append(Turn(index, roles[role], content))
    judge_count(sample, len(sample.turns), entry)
    if sample.dropped:
        sample.turns = [raw_turn(message, entry, position + shift) for position, message in enumerate(messages)]


def _look_at_all(messages: Any, entry: Entry) -> None:
    """Before 0.9.2 the trainer converts what it will drop: a role without a name, or a missing key, is a KeyError."""
    roles = role_names(entry)
    for message in messages:
        _ = roles[message[entry.tags["role_tag"]]], message[entry.tags["content_tag"]]


def raw_turn(message: Any, entry: Entry, index: int) -> Turn:
    """A turn of a row that the trainer drops, kept so that its other faults are still seen."""
    if not isinstance(message, dict):
        return Turn(index, "unknown", None)
    role = message.get(entry.tags["role_tag"])
    name = role_names(entry).get(role) if isinstance(role, str) else None
    return Turn(index, name or show(role), message.get(entry.tags["content_tag"]))
