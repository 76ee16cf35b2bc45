"""Files that are no files, and files that change while they are read: sentences and unchecked rows, never a hang."""

import json
import os

import pytest

from tests.conftest import ALL_TAGS, say
from validator.catalog.formats import file_rows, survey_file
from validator.engine.execution import shard
from validator.execution import Execution

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


def changing(change, path, after):
    """`file_rows` of a file that something happens to when so many of its rows have been read."""

    def rows(*arguments, **options):
        for number, row in enumerate(file_rows(*arguments, **options)):
            if number == after:
                change(path)
            yield row

    return rows


@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("suffix", ["jsonl", "json", "parquet"])
def test_a_file_that_changes_after_its_survey(dataset, monkeypatch, change, suffix, after):
    """Nothing of it is passed: all its rows are unchecked, and none is missing."""
    dataset.write([], "jsonl", columns={"messages": "messages"}, file_name=f"data.{suffix}")
    path = dataset.folder / f"data.{suffix}"
    write(path, ROWS)
    monkeypatch.setattr(shard, "file_rows", changing(CHANGES[change], path, after))
    result, findings = dataset.check(options=Execution(workers=0))
    assert result.summary["rows"]["total"] == result.summary["rows"]["unchecked"] == 600
    assert result.summary["exit_code"] == 3
    assert {(finding["code"], finding["message"]) for finding in findings} == {
        ("XX001", f"not checked: the file `data.{suffix}` changed while it was read")
    }


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
    done = mmvalidate(odd.registry, "--output-format", "jsonl")
    assert [json.loads(line)["code"] for line in done.stdout.splitlines()] == [code]
    assert done.returncode == 1 and done.stderr.count("Traceback") == 0


@pytest.mark.parametrize("name", ["pipe.json", "zero.json", "null.json", "/dev/zero"])
def test_registries_that_are_no_files(odd, mmvalidate, name):
    done = mmvalidate(odd.folder / name)
    assert done.returncode == 2 and ", not a file." in done.stderr


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
    done = mmvalidate(odd.registry, "--output-format", "json")
    document = json.loads(done.stdout)
    assert document["summary"]["rows"] == {
        "total": 24,
        "ok": 0,
        "flagged": 24,
        "dropped": 0,
        "not_loaded": 0,
        "unchecked": 0,
    }
    assert {finding["code"] for finding in document["findings"]} <= {
        "MD001",
        "MD002",
        "MD009",
        "DI004",
        "DI009",
        "VD001",
    }
