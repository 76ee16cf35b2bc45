"""Columns of text that the loader turns into dates or numbers: one error a file and column, and none about its rows."""

import json

import pytest

from tests.conftest import ALL_TAGS, check
from tests.oracle.file_entries import DATED, dated

SPEC = {"formatting": "sharegpt", "tags": ALL_TAGS, "columns": {"messages": "messages"}}
NAMED = ("date", "Datetime", "modified", "timestamp_of_day", "seen_at", "end_time", "event_time")
"""Of those, what pandas makes dates of."""
ISO = ("date", "Datetime", "modified_by", "timestamp_of_day", "at_once", "output", "answer")
"""What pyarrow makes dates of."""


def found(folder, name):
    """The findings of one of the entries, as (code, row), and what became of its rows."""
    files, keys = dated()[name]
    for file, content in files.items():
        (folder / file).write_bytes(content)
    registry = {"d": {"file_name": next(iter(files)), **SPEC, **keys}}
    (folder / "dataset_info.json").write_text(json.dumps(registry))
    result, findings = check(folder / "dataset_info.json", folder / "run")
    return [item for item in findings if not item["code"].startswith("DU")], result.summary["rows"]


@pytest.mark.parametrize("name", DATED)
@pytest.mark.parametrize("form", ["lines", "array"])
def test_dates(tmp_path, form, name):
    findings, rows = found(tmp_path, f"{form} of {name}")
    lost = name in (NAMED if form == "array" else ISO)
    codes = [(item["code"], item["file"], item["row"]) for item in findings]
    if lost and name != "event_time":
        nulls = [("CV009", "a.json", row) for row, text in enumerate(DATED[name]) if text is None]
        assert codes == [("DI019", "a.json", None), *nulls] and rows["dropped"] == 2
        findings = findings[:1]
        assert f"`{name}`" in findings[0]["message"] and "timestamp" in findings[0]["message"]
        advice = "Rename the column" if form == "array" else "Write the rows as one JSON array"
        assert findings[0]["help"].startswith(advice)
    elif name == "open_time":
        assert codes == [("CV009", "a.json", 1), ("DI004", "a.json", 1)]
    elif name == "event_time":
        assert codes == [("DI009", None, None), ("CV009", "a.json", 0), ("CV009", "a.json", 1)]  # they are numbers
    else:
        assert codes in ([], [("LB002", "a.json", 1)]) and rows["ok"] == 2


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("lines with dates as prompt", "date"),
        ("array with dates as query", "date"),
        ("lines with dates as system", "date"),
        ("array with dates as tools", "date"),
        ("lines of dates alone", "messages[].content"),
        ("lines of dates in a history", "h[][]"),
        ("array of dates alone", None),
        ("csv of 42 43", "a"),
        ("csv of true false", "a"),
        ("csv of 42 x", None),
        ("csv of 2024-05-01 2024-06-02", None),
    ],
)
def test_other_columns(tmp_path, name, column):
    findings, rows = found(tmp_path, name)
    wanted = [("DI019", column)] if column else []
    assert [(item["code"], item["evidence"].get("column")) for item in findings] == wanted
    assert (rows["ok"] == 0) == (column is not None)
