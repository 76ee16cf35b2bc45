"""A fault of the registry is one error about the entry, which names the line to write; the rest is not told."""

import json
import re

import pytest

from tests.conftest import TAGS, check, say
from validator.engine.rejudge import rejudge, settings_of
from validator.engine.run_files.finished import FinishedRun

COLUMNS = {"messages": "messages", "images": "images"}
ASKED = [say(f"<image>What is {number}?", f"A {number}.", images=["ok.png"]) for number in range(4)]
SHAREGPT = [
    {
        "conversations": [
            {"from": "human", "value": f"<image>What is {number}?"},
            {"from": "gpt", "value": f"A {number}."},
        ],
        "images": ["ok.png"],
    }
    for number in range(4)
]
ALPACA = [
    {"instruction": f"<image>What is {number}?", "input": "", "output": f"A {number}.", "images": ["ok.png"]}
    for number in range(4)
]
PAIRS = [
    {**say(f"<image>Which {number}?", images=["ok.png"])}
    | {key: {"role": "assistant", "content": f"{key} {number}"} for key in ("chosen", "rejected")}
    for number in range(4)
]
PAIRED = COLUMNS | {"chosen": "chosen", "rejected": "rejected"}
CHOICES = [{"instruction": f"Which {n}?", "input": "", "chosen": "a", "rejected": "b"} for n in range(4)]
CASES = {
    "format for formatting": (ASKED, {"format": "sharegpt", "columns": COLUMNS, "tags": TAGS}, "the key `format`"),
    "no formatting": (ASKED, {"columns": COLUMNS, "tags": TAGS}, "as alpaca, but they are conversations (`messages`)"),
    "a name only": (SHAREGPT, {}, "as alpaca, but they are conversations (`conversations`)"),
    "column for columns": (ASKED, {"formatting": "sharegpt", "column": COLUMNS, "tags": TAGS}, "the key `column`"),
    "column, images lost": (SHAREGPT, {"formatting": "sharegpt", "column": COLUMNS}, "`column`: it reads no images"),
    "tag for tags": (ASKED, {"formatting": "sharegpt", "columns": COLUMNS, "tag": TAGS}, "the key `tag`"),
    "no tags": (ASKED, {"formatting": "sharegpt", "columns": COLUMNS}, "`from` and `value` in messages"),
    "openai without tags": (ASKED, {"formatting": "openai", "columns": COLUMNS}, "`from` and `value` in messages"),
    "keys of tags only": (
        ASKED,
        {"formatting": "sharegpt", "columns": COLUMNS, "tags": {"role_tag": "role", "content_tag": "content"}},
        "nobody (`user_tag` is left out) to speak first, but the rows say `user`",
    ),
    "the other role names": (
        ASKED,
        {"formatting": "sharegpt", "columns": COLUMNS, "tags": TAGS | {"user_tag": "human", "assistant_tag": "gpt"}},
        "`human` to speak first, but the rows say `user`",
    ),
    "another column": (
        ASKED,
        {"formatting": "sharegpt", "columns": COLUMNS | {"messages": "conversations"}, "tags": TAGS},
        "the conversations are in `messages`",
    ),
    "messages not listed": (
        ASKED,
        {"formatting": "sharegpt", "columns": {"images": "images"}, "tags": TAGS},
        "finds no `messages` in `columns`",
    ),
    "images not listed": (SHAREGPT, {"formatting": "sharegpt"}, "reads no images: the rows have them in `images`"),
    "alpaca rows under sharegpt": (ALPACA, {"formatting": "sharegpt"}, "but the rows are alpaca (`instruction`"),
    "alpaca columns under sharegpt": (
        ALPACA,
        {"formatting": "sharegpt", "columns": {"prompt": "instruction", "response": "output", "images": "images"}},
        "but the rows are alpaca (`instruction`",
    ),
    "alpaca rows under openai": (ALPACA, {"formatting": "openai"}, "expects conversations (openai)"),
    "no ranking": (PAIRS, {"formatting": "sharegpt", "columns": PAIRED, "tags": TAGS}, "pairs of answers (`chosen`"),
    "no ranking, not listed": (PAIRS, {"formatting": "sharegpt", "columns": COLUMNS, "tags": TAGS}, "pairs of answers"),
    "no ranking in alpaca": (
        CHOICES,
        {"columns": {"prompt": "instruction", "chosen": "chosen", "rejected": "rejected"}},
        "pairs of answers",
    ),
    "no ranking in bare alpaca": (CHOICES, {}, "pairs of answers"),
}  # fmt: skip
"""Rows, an entry, and words of the message."""


def mended(entry, help_text):
    """The entry with the lines that the help names, in the place of what the trainer ignores."""
    lines = re.fullmatch(r"Write (.*) (in place of .*|into the entry) in dataset_info.json; .*", help_text)[1]
    return {key: value for key, value in entry.items() if key not in ("format", "column", "tag")} | json.loads(
        f"{{{lines}}}"
    )


@pytest.mark.parametrize("case", CASES)
def test_one_error_and_the_line_that_mends_it(dataset, case):
    rows, entry, words = CASES[case]
    dataset.image("ok.png")
    dataset.write(rows, "json")
    entry = {"file_name": "data.json", **entry}
    dataset.registry.write_text(json.dumps({"data": entry}))
    result, findings = dataset.check()
    assert [(finding["code"], finding["row"]) for finding in findings] == [("DI015", None)]
    assert words in findings[0]["message"] and findings[0]["message"].endswith("all 4 rows fail")
    assert result.summary["rows"]["dropped"] + result.summary["rows"]["flagged"] == 4
    dataset.registry.write_text(json.dumps({"data": mended(entry, findings[0]["help"])}))
    result, findings = dataset.check()
    assert {finding["code"] for finding in findings} <= {"DI011"}
    assert result.summary["rows"]["ok"] == 4


HEALTHY = {
    "both kinds of keys": (
        [{"messages": [{**one, "from": "x", "value": "y"} for one in ASKED[0]["messages"]], "images": ["ok.png"]}],
        {"formatting": "sharegpt", "columns": COLUMNS, "tags": TAGS},
    ),
    "alpaca beside messages": (
        [{"instruction": "a", "input": "", "output": "b", **say("c", "d")}],
        {},
    ),
    "answers of which one is chosen": (
        [{**say("a", "b"), "chosen": "b", "rejected": "c"}],
        {"formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": TAGS},
    ),
}


@pytest.mark.parametrize("case", HEALTHY)
def test_no_error_where_the_trainer_reads_the_rows(dataset, case):
    rows, entry = HEALTHY[case]
    dataset.image("ok.png")
    dataset.write(rows, "json")
    dataset.registry.write_text(json.dumps({"data": {"file_name": "data.json", **entry}}))
    assert "DI015" not in {finding["code"] for finding in dataset.check()[1]}


def test_rows_with_a_fault_of_their_own_are_still_told(dataset):
    """Two rows miss their image, whatever the entry says; two of 40 rows break the order, whatever tag is left out."""
    dataset.image("ok.png")
    rows = [*ASKED, *[{**row, "images": ["gone.png"]} for row in ASKED[:2]]]
    dataset.write(rows, columns=COLUMNS, tags=TAGS, formatting="alpaca")
    result, findings = dataset.check(ignore=("DU",))
    assert [(item["code"], item["row"]) for item in findings] == [("DI015", None), ("MD001", 4), ("MD001", 5)]
    assert result.summary["rows"] == {"total": 6, "ok": 0, "flagged": 0, "dropped": 6, "not_loaded": 0, "unchecked": 0}
    assert result.summary["findings"] == {"error": 3, "warning": 0, "info": 0}
    system = {"messages": [{"role": "system", "content": "s"}, *say("a", "b")["messages"]]}
    dataset.write([system, say("a", "b"), {"messages": say("a", "b")["messages"][::-1]}], tags=TAGS)
    assert [(item["code"], item["row"]) for item in dataset.check()[1]] == [("DI006", None), ("CV001", 2)]


def test_judged_again_without_the_rule_the_rows_speak(dataset):
    """What was left out because of a cause comes back where that cause is not looked for."""
    dataset.image("ok.png")
    dataset.write(ASKED, columns=COLUMNS, tags=TAGS, formatting="alpaca")
    result, findings = dataset.check()
    assert [item["code"] for item in findings] == ["DI015"]
    again = dataset.folder / "again"
    rejudge(FinishedRun(result.folder), settings_of(FinishedRun(result.folder), {"ignore": ("DI015",)}), again)
    fresh = check(dataset.registry, dataset.folder / "fresh", ignore=("DI015",))[0]
    told = (again / "findings.jsonl").read_bytes()
    assert told == (fresh.folder / "findings.jsonl").read_bytes()
    assert told.count(b"CV009") == told.count(b"PH001") == 4
    back = dataset.folder / "back"
    rejudge(FinishedRun(again), settings_of(FinishedRun(again), {"ignore": ()}), back)
    assert (back / "findings.jsonl").read_bytes() == (result.folder / "findings.jsonl").read_bytes()
