"""Files that are no files, and files that change while they are read: sentences and unchecked rows, never a hang."""

import json
import os

import pytest

from tests.conftest import ALL_TAGS, say
from validator.catalog.formats import file_rows, survey_file
from validator.engine import serial

ROWS = [say(str(number), "b") for number in range(600)]


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def parquet(path, rows):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=50)


def write(path, rows):
    if path.suffix == ".parquet":
        parquet(path, rows)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        path.write_text(lines(rows))


CHANGES = {
    "gone": lambda path: path.unlink(),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path: os.truncate(path, 0),
    "longer": lambda path: write(path, ROWS * 2),
    "other": lambda path: write(path, [say("x", "y")] * 600),
    "a pipe": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("suffix", ["jsonl", "json", "parquet"])
def test_a_file_that_changes_after_its_survey(dataset, monkeypatch, change, suffix):
    """Nothing of it is passed: all its rows are unchecked."""
    dataset.write([], "jsonl", columns={"messages": "messages"}, file_name=f"data.{suffix}")
    path = dataset.folder / f"data.{suffix}"
    write(path, ROWS)
    real = serial.file_rows
    monkeypatch.setattr(serial, "file_rows", lambda *a, **k: (CHANGES[change](path), real(*a, **k))[1])
    result, findings = dataset.check()
    assert result.summary["rows"]["total"] == result.summary["rows"]["unchecked"] == 600
    assert result.summary["exit_code"] == 3
    assert {(finding["code"], finding["message"]) for finding in findings} == {
        ("XX001", "not checked to the end: the file changed while it was read")
    }


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("suffix", ["jsonl", "json", "parquet"])
def test_a_file_that_changes_while_its_rows_are_read(tmp_path, change, suffix):
    """What was read before stands, and the rest is unread: at least one row says so, and none is missing."""
    path = tmp_path / f"data.{suffix}"
    write(path, ROWS)
    survey = survey_file(path)
    rows = file_rows(path, survey)
    read = [next(rows), next(rows)]
    CHANGES[change](path)
    read += [row for row in rows if not row.between]
    assert [row.index for row in read] == list(range(len(read))) and len(read) >= 600
    assert read[-1].unread and not read[1].unread


def test_an_untouched_file_is_read_whole(tmp_path):
    for suffix in ("jsonl", "json", "parquet"):
        path = tmp_path / f"data.{suffix}"
        write(path, ROWS)
        read = list(file_rows(path, survey_file(path)))
        assert [row.value["messages"][0]["content"] for row in read] == [str(number) for number in range(600)]


@pytest.fixture
def odd(dataset):
    """A folder of things that are no files."""
    os.mkfifo(dataset.folder / "pipe.json")
    (dataset.folder / "loop.json").symlink_to("loop.json")
    (dataset.folder / "zero.json").symlink_to("/dev/zero")
    (dataset.folder / "null.json").symlink_to("/dev/null")
    (dataset.folder / "round").mkdir()
    (dataset.folder / "round" / "up.json").symlink_to("..")
    for name in ("pipe", "loop", "zero"):
        (dataset.folder / f"{name}s").mkdir()
        (dataset.folder / f"{name}s" / "a.json").symlink_to(f"../{name}.json")
    return dataset


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *((f"{name}.json", "DI002") for name in ("pipe", "loop", "zero", "null")),
        *((name, "DI002") for name in ("pipes", "loops", "zeros")),
        ("round", "DI003"),
    ],
)
def test_data_files_that_are_no_files(odd, mmvalidate, name, code):
    odd.registry.write_text(json.dumps({"data": {"file_name": name, "formatting": "sharegpt", "tags": ALL_TAGS}}))
    done = mmvalidate(odd.registry, "--output-format", "jsonl", timeout=60)
    assert [json.loads(line)["code"] for line in done.stdout.splitlines()] == [code]
    assert done.returncode == 1 and done.stderr.count("Traceback") == 0


@pytest.mark.parametrize("name", ["pipe.json", "zero.json", "null.json", "/dev/zero"])
def test_registries_that_are_no_files(odd, mmvalidate, name):
    done = mmvalidate(odd.folder / name, timeout=60)
    assert done.returncode == 2 and "is a pipe or a device, not a file." in done.stderr


def test_media_that_are_no_files(odd, mmvalidate):
    names = [
        "pipe.json",
        "loop.json",
        "zero.json",
        "null.json",
        "round/up.json",
        "/dev/stdin",
        "/dev/zero",
        "/proc/self/mem",
    ]
    rows = [say("<image>a", "b", images=[name], videos=[]) for name in names]
    rows += [say("<video>a", "b", images=[], videos=[name]) for name in names]
    rows += [say("<video>a", "b", images=[], videos=[[name]]) for name in names]
    odd.write(rows)
    done = mmvalidate(odd.registry, "--output-format", "json", timeout=60)
    document = json.loads(done.stdout)
    assert document["summary"]["rows"] == {"total": 24, "ok": 0, "flagged": 24, "dropped": 0, "unchecked": 0}
    assert {finding["code"] for finding in document["findings"]} <= {
        "MD001",
        "MD002",
        "MD009",
        "DI004",
        "DI009",
        "VD001",
    }
