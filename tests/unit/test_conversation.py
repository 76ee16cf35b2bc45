"""ShareGPT rows: what the trainer keeps, drops and dies of; and where it looks for media."""

import pyarrow as pa
import pytest

from tests.conftest import ALL_TAGS, TAGS
from validator.catalog.entry import parse_entry
from validator.conversation.media_paths import resolved
from validator.conversation.row_view import RowView
from validator.storage.media_files import MediaFiles
from validator.trainers.registry import trainer_named

COLUMNS = {"messages": "m", "images": "i", "system": "s", "tools": "t"}
TYPES = {
    "m": pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())])),
    "i": pa.list_(pa.string()),
    "s": pa.string(),
    "t": pa.string(),
}


def sample(row, tags=ALL_TAGS, types=TYPES, media_dir="/nowhere", formatting="sharegpt"):
    entry = parse_entry("x", {"file_name": "x.json", "formatting": formatting, "columns": COLUMNS, "tags": tags})
    files = MediaFiles(media_dir)
    return resolved(trainer_named("llamafactory").sample(RowView(entry, types)(row), entry, files), files)


def talk(*roles):
    return {"m": [{"role": role, "content": f"{role}?"} for role in roles]}


@pytest.mark.parametrize(
    ("roles", "tags", "kind", "turn"),
    [
        (("user", "assistant"), TAGS, None, None),
        (("system", "user", "assistant"), ALL_TAGS, None, None),
        (("system", "user", "assistant"), TAGS, "role-order", 0),
        (("user", "function", "observation", "assistant"), ALL_TAGS, None, None),
        (("user", "function", "observation", "assistant"), TAGS, "role-order", 1),
        (("observation", "assistant"), ALL_TAGS, None, None),
        (("assistant", "user"), ALL_TAGS, "role-order", 0),
        (("user", "user", "assistant"), ALL_TAGS, "role-order", 1),
        (("user", "system", "assistant"), ALL_TAGS, "role-order", 1),
        (("human", "gpt"), ALL_TAGS, "role-order", 0),
        (("User", "assistant"), ALL_TAGS, "role-order", 0),
        (("user",), ALL_TAGS, "odd-turns", None),
        (("user", "assistant", "user"), ALL_TAGS, "odd-turns", None),
        ((), ALL_TAGS, "no-turns", None),
        (("system",), ALL_TAGS, "no-turns", None),
        ((None, "assistant"), ALL_TAGS, "role-order", 0),
        ((None, "assistant"), TAGS, None, None),  # None stands for the tags left out
    ],
)
def test_order_and_count_of_roles(roles, tags, kind, turn):
    made = sample(talk(*roles), tags)
    assert not made.crashed
    assert [(problem.kind, problem.turn) for problem in made.problems] == ([(kind, turn)] if kind else [])
    assert made.dropped == bool(kind)


def test_the_system_message_beats_the_column():
    made = sample({**talk("system", "user", "assistant"), "s": "column"})
    assert (made.system, made.system_turn, [turn.index for turn in made.turns]) == ("system?", 0, [1, 2])
    made = sample({**talk("user", "assistant"), "s": "column"})
    assert (made.system, made.system_turn) == ("column", None)


@pytest.mark.parametrize(
    ("row", "types", "kind", "exception"),
    [
        ({"m": None}, TYPES, "messages-null", "TypeError"),
        (None, TYPES, "messages-null", "TypeError"),
        ({"m": "text"}, {**TYPES, "m": pa.string()}, "message-type", "TypeError"),
        ({}, {key: TYPES[key] for key in "ist"}, "column-missing", "KeyError"),
        (talk("user", "assistant"), {key: TYPES[key] for key in "mst"}, "column-missing", "KeyError"),
        (
            {"m": [{"from": "human"}]},
            {**TYPES, "m": pa.list_(pa.struct([("from", pa.string())]))},
            "column-missing",
            "KeyError",
        ),
        ({**talk("user", "assistant"), "i": ["a", None]}, TYPES, "media-type", "TypeError"),
    ],
)
def test_what_stops_the_trainer(row, types, kind, exception):
    made = sample(row, types=types)
    assert next((problem.kind, problem.exception) for problem in made.problems) == (kind, exception) and made.crashed


@pytest.mark.parametrize("formatting", ["sharegpt", "openai"])
@pytest.mark.parametrize(
    ("messages", "kind", "message"),
    [
        (None, "messages-null", "'NoneType' object is not iterable"),
        (5, "message-type", "'int' object is not iterable"),
        ([], "no-turns", "it has no messages"),
    ],
)
@pytest.mark.parametrize("tags", [TAGS, ALL_TAGS], ids=["no system tag", "all tags"])
def test_messages_that_are_none(formatting, messages, kind, message, tags):
    made = sample({"m": messages}, tags=tags, types={**TYPES, "m": pa.int64()}, formatting=formatting)
    assert [problem.kind for problem in made.problems] == [kind]
    assert (made.crashed, made.dropped) == (messages != [], messages == [])
    if tags is TAGS:  # with a system tag the trainer asks for the length first
        assert message in made.problems[0].message


def test_keys_that_other_rows_have_are_null_here():
    made = sample({"m": [{"role": "user"}, {"content": "x", "role": "assistant"}]})
    assert made.turns[0].content is None and not made.crashed


def test_dates_that_the_loader_makes_of_lines():
    types = {**TYPES, "m": pa.list_(pa.struct([("role", pa.string()), ("content", pa.timestamp("s"))]))}
    made = sample(
        {"m": [{"role": "user", "content": "2020-01-01"}, {"role": "assistant", "content": "2021-01-01"}]}, types=types
    )
    assert type(made.turns[0].content).__name__ == "datetime"


@pytest.mark.parametrize(
    ("value", "targets", "forms"),
    [
        (None, [], []),
        ([], [], []),
        ("a.png", ["D/a.png"], ["path"]),
        (["a.png", "gone.png"], ["D/a.png", "gone.png"], ["path", "path"]),
        (["D/a.png"], ["D/a.png"], ["path"]),
        (["../x.png"], ["../x.png"], ["path"]),
        (
            ["https://a.b/c.png", "data:image/png;base64,AA"],
            ["https://a.b/c.png", "data:image/png;base64,AA"],
            ["url", "data-uri"],
        ),
        ([""], [""], ["path"]),
        ([None], [None], ["value"]),
        ([5, "a.png"], [None, "a.png"], ["value", "path"]),
        ([{"bytes": None, "path": "a.png"}], ["a.png"], ["path"]),
        ([{"path": "a.png"}], [None], ["value"]),
    ],
)
def test_media_paths(tmp_path, value, targets, forms):
    (tmp_path / "a.png").write_bytes(b"")
    folder = str(tmp_path)

    def here(text):
        return text.replace("D/", folder + "/") if isinstance(text, str) else text

    value = [here(item) for item in value] if isinstance(value, list) else value
    row = {**talk("user", "assistant"), "i": value}
    made = sample(row, types={**TYPES, "i": pa.null()}, media_dir=folder)
    references = made.media.get("image", [])
    assert [reference.target for reference in references] == [here(target) for target in targets]
    assert [reference.form for reference in references] == forms
