"""Files that the loader refuses as a whole: one error about each, in plain words, and nothing for each row of it."""

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.healthy.family import MESSAGES, talk

ROWS = [talk(f"Question {number}?", f"Answer {number}.") for number in range(300)]
PLAIN = pa.Table.from_pylist(ROWS, schema=pa.schema([("messages", MESSAGES)]))


def of(kind):
    """The rows with a column of nulls of a type."""
    extended = isinstance(kind, pa.BaseExtensionType)
    values = pa.nulls(len(ROWS), kind.storage_type if extended else kind)
    return PLAIN.append_column("extra", pa.ExtensionArray.from_storage(kind, values) if extended else values)


PAIRS = pa.array([[("user", "a")]] * len(ROWS), pa.map_(pa.string(), pa.string()))
AS_JSON = pa.array([json.dumps(row["messages"]) for row in ROWS])
NUMBERS, OBJECTS = (PLAIN.append_column("y", pa.array([value] * len(ROWS))) for value in (1, {"a": 1}))
UNKNOWN = "the column `{}` has a type that this loader does not know: Arrow type {}"
CASES = {
    "a view": ("llamafactory", [of(pa.string_view())], UNKNOWN.format("extra", "string_view"), "not_loaded"),
    "bytes of one length": ("ms-swift", [of(pa.binary(2))], UNKNOWN.format("extra", "fixed_size_binary"), "not_loaded"),
    "pairs": ("hf", [of(pa.map_(pa.string(), pa.string()))], UNKNOWN.format("extra", "map"), "not_loaded"),
    "a type of its own": (
        "qwen-vl-utils",
        [of(pa.uuid())],
        UNKNOWN.format("extra", "extension<arrow.uuid>"),
        "not_loaded",
    ),
    "messages of JSON": (
        "llamafactory",
        [pa.table({"messages": pa.ExtensionArray.from_storage(pa.json_(), AS_JSON)})],
        UNKNOWN.format("messages", "extension<arrow.json>"),
        "not_loaded",
    ),
    "messages of pairs": ("hf", [pa.table({"messages": PAIRS})], UNKNOWN.format("messages", "map"), "flagged"),
    "a name twice": (
        "llamafactory",
        [pa.table([PLAIN["messages"], PLAIN["messages"]], names=["messages", "messages"])],
        "there are two columns `messages`",
        "not_loaded",
    ),
    "another type than before": ("llamafactory", [NUMBERS, OBJECTS], "`y` is ", "flagged"),
    "another column than before": ("llamafactory", [PLAIN, NUMBERS], "`y` is a column that the first table", "flagged"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_error_about_the_file(dataset, monkeypatch, case):
    trainer, tables, words, status = CASES[case]
    names = [f"{number}.parquet" for number in range(len(tables))]
    (dataset.folder / "f").mkdir()
    for name, table in zip(names, tables, strict=True):
        pq.write_table(table, dataset.folder / "f" / name)
    listdir = os.listdir
    monkeypatch.setattr("os.listdir", lambda path: names if Path(path).name == "f" else listdir(path))
    dataset.write(ROWS[:1], file_name="f")
    result, findings = dataset.check(trainer=trainer)
    (told,) = (found for found in findings if not found["code"].startswith("DU"))
    assert (told["code"], told["row"], told["file"]) == ("DI004", None, f"f/{names[-1]}") and words in told["message"]
    rows = [sample["status"] for sample in dataset.samples() if sample["file"] == f"f/{names[-1]}"]
    assert rows == [status] * len(ROWS) and result.summary["exit_code"] == 1


def test_more_broken_lines_than_are_kept(dataset):
    """The first 1,000 are told one by one, the others as a number; none of them is unchecked."""
    dataset.write(json.dumps(ROWS[0]) + "\n" + "{broken\n" * 1200, columns={"messages": "messages"})
    result, findings = dataset.check()
    assert {found["code"] for found in findings} == {"DI004"} and result.summary["exit_code"] == 1
    assert result.summary["rows"]["unchecked"] == 0 and result.summary["rows"]["flagged"] == 1200
