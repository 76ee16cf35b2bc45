"""What fails a run: severity, rates, numbers of rows, and what the baseline accepts."""

import fcntl
import json
import os
import random

import pytest

from tests.conftest import TAGS, check, say
from validator.engine.gate.baseline import renewed
from validator.engine.rejudge import rejudge, settings_of
from validator.engine.run_files import amend
from validator.engine.run_files.amend import accept, load_run, still_open
from validator.engine.run_files.finished import FinishedRun

EMPTY = say("a", "")  # LB002, a warning
FINE = say("a", "b")


def rows_of(odd, empty, fine):
    """Distinct rows, so that no rule about duplicates speaks."""
    kinds = [("a", "b", "c")] * odd + [("a", "")] * empty + [("a", "b")] * fine
    return [say(*(f"{text}{number}" if text else "" for text in turns)) for number, turns in enumerate(kinds)]


@pytest.mark.parametrize(
    ("settings", "code", "reasons"),
    [
        ({}, 1, ["2 errors"]),
        ({"fail_on": "warning"}, 1, ["2 errors", "3 warnings"]),
        ({"max_rate": {"CV002": 2}}, 0, []),
        ({"max_rate": {"CV": 1.9}}, 1, ["CV in 2 of 100 rows: 2%, limit 1.9%"]),
        ({"max_rate": {"odd-turn-count": 2}, "fail_on": "warning"}, 1, ["3 warnings"]),
        ({"max_rate": {"ALL": 5}, "fail_on": "info"}, 0, []),
        ({"max_rate": {"ALL": 4.9}}, 1, ["ALL in 5 of 100 rows: 5%, limit 4.9%"]),
        ({"max_rate": {"CV": 1, "CV002": 2}}, 0, []),  # the nearer word counts
        ({"max_rate": {"LB002": 2}}, 1, ["2 errors", "LB002 in 3 of 100 rows: 3%, limit 2%"]),
        (
            {"per_dataset": {"data": {"max_rate": {"CV002": 1}}}, "max_rate": {"CV002": 5}},
            1,
            ["CV002 in 2 of 100 rows of data: 2%, limit 1%"],
        ),
        ({"ignore": ("CV",), "min_rows": 101}, 1, ["100 rows, at least 101 wanted"]),
        ({"ignore": ("CV",), "min_rows": 100}, 0, []),
        ({"per_dataset": {"data": {"ignore": ("CV",), "min_rows": 200}}}, 1, ["100 rows in data, at least 200 wanted"]),
        ({"per_dataset": {"other": {"ignore": ("CV",), "min_rows": 200}}}, 1, ["2 errors"]),
        ({"per_dataset": {"data": {"severity": {"CV002": "warning"}}}}, 0, []),
        ({"severity": {"CV002": "info", "LB": "error"}}, 1, ["3 errors"]),
        ({"severity": {"CV": "info"}, "per_dataset": {"data": {"severity": {"CV002": "error"}}}}, 1, ["2 errors"]),
    ],
)
def test_reasons(dataset, settings, code, reasons):
    dataset.write(rows_of(2, 3, 95))
    result, findings = dataset.check(**{"select": ("CV002", "LB002"), **settings})
    assert (result.summary["exit_code"], result.summary["gate"]["reasons"]) == (code, reasons)
    again = rejudge(FinishedRun(result.folder), settings_of(FinishedRun(result.folder), {}), dataset.folder / "again")
    assert again.summary["gate"] == result.summary["gate"]
    assert (dataset.folder / "again" / "findings.jsonl").read_bytes() == (result.folder / "findings.jsonl").read_bytes()
    assert len(findings) == result.tally.severities.total()


def test_what_is_about_a_file_has_no_rate(dataset):
    dataset.registry.write_text('{"data": {"file_name": "gone.json"}}')
    result, _ = dataset.check(max_rate={"ALL": 100})
    assert (result.summary["exit_code"], result.summary["gate"]["reasons"]) == (1, ["1 error"])


@pytest.mark.parametrize(("least", "code"), [(0, 5), (1, 1)])
def test_no_rows(dataset, least, code):
    dataset.registry.write_text('{"hub": {"hf_hub_url": "a/b"}}')
    assert dataset.check(min_rows=least)[0].summary["exit_code"] == code


@pytest.fixture
def accepted(dataset):
    """Two broken rows, accepted for a reason; returns the dataset and the baseline."""
    dataset.write(rows_of(2, 1, 5))
    dataset.check()
    path = dataset.folder / "baseline.json"
    result = accept(load_run(dataset.folder / "run"), path, "legacy")
    assert (result.summary["exit_code"], result.summary["gate"]["baseline"]["accepted"]["error"]) == (0, 2)
    return dataset, path


def conclusion(dataset, rows, path, **settings):
    dataset.write(rows)
    result, _ = dataset.check(baseline=path, **settings)
    told = result.summary["gate"]["baseline"]
    return (
        result.summary["exit_code"],
        told["accepted"]["error"],
        [(item["code"], item["count"]) for item in told["stale"]],
    )


def test_a_baseline_knows_rows_by_their_content(accepted):
    dataset, path = accepted
    rows = rows_of(2, 1, 5)
    random.Random(1).shuffle(rows)
    assert conclusion(dataset, [say("new", "row"), *rows], path) == (0, 2, [])
    assert conclusion(dataset, [*rows, say("new", "odd", "row")], path) == (1, 2, [])
    copy = rows_of(1, 0, 0)[0]
    assert conclusion(dataset, [*rows, copy], path) == (1, 2, [])
    assert conclusion(dataset, rows_of(1, 1, 5), path) == (0, 1, [("CV002", 1)])


def test_what_was_not_judged_is_not_stale(accepted):
    dataset, path = accepted
    assert conclusion(dataset, [FINE, say("c", "d")], path, ignore=("CV002",)) == (0, 0, [])
    content = json.loads(path.read_text())
    content["accepted"].append({"code": "MD001", "dataset": "elsewhere", "reason": "", "findings": {"0" * 16: 1}})
    path.write_text(json.dumps(content))
    assert conclusion(dataset, [FINE], path) == (0, 0, [("CV002", 2)])


def test_writing_again_keeps_reasons(accepted):
    dataset, path = accepted
    content = json.loads(path.read_text())
    content["accepted"][0]["reason"] = "agreed with the vendor"
    content["accepted"].append({"code": "MD001", "dataset": "elsewhere", "reason": "other", "findings": {"0" * 16: 1}})
    path.write_text(json.dumps(content))
    dataset.write([*rows_of(1, 1, 5), say("new", "odd", "row")])
    dataset.check()
    accept(load_run(dataset.folder / "run"), path, "")
    kept = [
        (item["code"], item["dataset"], item["reason"], len(item["findings"]))
        for item in json.loads(path.read_text())["accepted"]
    ]
    assert kept == [
        ("CV002", "data", "", 1),
        ("CV002", "data", "agreed with the vendor", 1),
        ("MD001", "elsewhere", "other", 1),
    ]
    result, _ = dataset.check(baseline=path)
    assert result.summary["gate"]["baseline"]["without_reason"] == 1


def test_baseline_writers_wait_for_each_other(accepted, monkeypatch):
    """From whichever run folder: between reading and writing nobody else reads."""
    dataset, path = accepted
    asked = []

    def between(*arguments, **named):
        other = os.open(path.parent, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
        asked.append(True)
        return renewed(*arguments, **named)

    monkeypatch.setattr(amend, "renewed", between)
    accept(load_run(dataset.folder / "run"), path, "")
    assert asked and [item["dataset"] for item in json.loads(path.read_text())["accepted"]] == ["data"]


def test_reports_leave_out_what_is_accepted(accepted):
    dataset, path = accepted
    dataset.write([*rows_of(2, 1, 5), say("new", "odd", "row")])
    result, findings = dataset.check(baseline=path)
    tally = still_open(result).tally
    assert [finding.row for finding in tally.examples["CV002"]] == [8]
    assert sum(finding["code"] == "CV002" for finding in findings) == 3  # the files hold everything
    dataset.check()
    assert not (dataset.folder / "run" / "accepted.json").exists()


def test_a_severity_decides_whether_a_row_is_flagged(dataset):
    dataset.write([EMPTY, FINE])
    for severity, status in (("error", "flagged"), ("info", "ok")):  # kept results are judged anew
        dataset.check(severity={"LB002": severity})
        assert [row["status"] for row in dataset.samples()] == [status, "ok"]


def test_an_entry_judged_without_a_rule_is_left_out_of_what_it_says_of_several(tmp_path):
    entry = {
        "formatting": "sharegpt",
        "tags": TAGS,
    }
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"conversations": FINE["messages"]}))
    entries = {name: {"file_name": f"{name}.jsonl", **entry} for name in ("a", "b")}
    (tmp_path / "dataset_info.json").write_text(json.dumps(entries))
    for ignored, found in (((), ["DU005"]), (("DU005",), [])):
        per_dataset = {"b": {"ignore": ignored}}
        _, findings = check(tmp_path / "dataset_info.json", tmp_path / "run", select=("DU",), per_dataset=per_dataset)
        assert [finding["code"] for finding in findings] == found
