"""Packed data files from the command to the copy: found, taken up, read again, exported, and kept in the cache."""

import gzip
import json

import pytest

import mmvalidate as library
from tests.conftest import ALL_TAGS, findings_of, say
from tests.unit.packed_cases import by_arrow, tarred, zipped
from validator.execution import Execution

SMALL = Execution(workers=0, shard_rows=10)
BROKEN = 3


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def conversations(number, first=0):
    """Rows of which number BROKEN has no answer."""
    made = [say(f"question {n}", f"answer {n}") for n in range(first, first + number)]
    for row in made[BROKEN - first : BROKEN - first + 1] if first <= BROKEN else ():
        row["messages"].pop()
    return made


def write(dataset, data, name="data.jsonl"):
    (dataset.folder / name).write_bytes(data)
    entry = {"file_name": name, "formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": ALL_TAGS}
    dataset.registry.write_text(json.dumps({"data": entry}))


def test_the_command(dataset, mmvalidate, monkeypatch):
    """Findings name the packed file and the row; every later command reads it; a second check unpacks nothing."""
    write(dataset, gzip.compress(lines(conversations(12)), mtime=0))
    done = mmvalidate("dataset_info.json", "--run-dir", "run")
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    found = [(item["code"], item["file"], item["row"]) for item in findings_of(dataset.folder / "run")]
    assert ("CV002", "data.jsonl", BROKEN) in found and ("DI020", "data.jsonl", None) in found
    (place,) = (dataset.folder / "run/cache/unpacked").glob("*.jsonl")
    before = place.stat().st_ino
    assert mmvalidate("dataset_info.json", "--run-dir", "run").returncode == 1
    assert place.stat().st_ino == before
    for command, code in (
        (("rejudge", "run"), 1),
        (("plan", "run"), 0),
        (("report", "run", "--report", "json=a.json"), 0),
    ):
        done = mmvalidate(*command)
        assert done.returncode == code and "Traceback" not in done.stderr, done.stderr
    done = mmvalidate("export", "run", "--to", "clean")
    assert done.returncode == 0, done.stderr
    assert (dataset.folder / "clean" / "data.jsonl").read_bytes().count(b"\n") == 11
    assert mmvalidate("clean", "run").returncode == 0 and not place.exists()
    monkeypatch.chdir(dataset.folder)
    row = library.open_run(dataset.folder / "run").row(5)
    assert row.turns[-2:] == [("user", "question 5"), ("assistant", "answer 5")]  # unpacked again


def test_a_file_that_grows(dataset, monkeypatch):
    """What was packed and appended is checked, and nothing else."""
    monkeypatch.setattr("validator.catalog.marks.LEAST_STRETCH", 1)
    first = gzip.compress(lines(conversations(40)), mtime=0)
    write(dataset, first)
    dataset.check(options=SMALL)
    known = {path.name for path in (dataset.folder / "run/cache/shards").iterdir()}
    write(dataset, first + gzip.compress(lines(conversations(20, 40)), mtime=0))
    result, _ = dataset.check(options=SMALL)
    now = {path.name for path in (dataset.folder / "run/cache/shards").iterdir()}
    assert result.summary["rows"]["ok"] == 59 and len(now - known) == 3  # the last shard goes to the end


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("data.json", zipped(("b/part.dat", lines(conversations(6))), ("a.dat", lines(conversations(6, 50))))),
        ("data.jsonl", tarred(("b/part.dat", lines(conversations(6))), ("a.dat", lines(conversations(6, 50))))),
    ],
)
def test_an_archive(dataset, name, data):
    """Its files are named with it; the copy has them as files of a folder, which is checked as the original is."""
    write(dataset, data, name)
    result, findings = dataset.check(options=SMALL)
    assert result.summary["rows"]["total"] == 12
    assert [(f["code"], f["file"], f["row"]) for f in findings if f["row"] is not None] == [
        ("CV002", f"{name}/b/part.dat", BROKEN)
    ]
    run = library.open_run(dataset.folder / "run")
    made = library.export(run, dataset.folder / "clean")
    suffix = name.partition(".")[2]
    entry = json.loads((dataset.folder / "clean/dataset_info.json").read_text())["data"]
    names = sorted(path.name for path in (dataset.folder / "clean" / entry["file_name"]).iterdir())
    assert names == [f"00000.{suffix}", f"00001.{suffix}"]
    assert (
        library.check(dataset.folder / "clean/dataset_info.json", run_dir=dataset.folder / "again").summary["rows"]
        | {"total": 11}
        and made
    )


def test_faults(dataset):
    """A cut file is refused in the trainer's words, a packing that needs a package is told, others are unchecked."""
    packed = gzip.compress(lines(conversations(12)), mtime=0)
    write(dataset, packed[:-9])
    result, findings = dataset.check(options=SMALL)
    assert [(f["code"], f["file"]) for f in findings] == [("DI004", "data.jsonl"), ("DI020", "data.jsonl")]
    assert "EOFError: Compressed file ended before the end-of-stream marker was reached" in findings[0]["message"]
    assert result.summary["exit_code"] == 1
    write(dataset, by_arrow(lines(conversations(2)), "zstd"))
    assert [f["code"] for f in dataset.check(options=SMALL)[1]] == ["DI020", "DI021"]
    write(dataset, b"Rar!\x1a\x07\x00" + bytes(100))
    result, findings = dataset.check(options=SMALL)
    assert [f["code"] for f in findings] == ["XX002"] and result.summary["exit_code"] == 3
    assert "`data.jsonl` is packed with rar" in findings[0]["message"]


def test_a_file_that_changed_is_not_exported(dataset):
    write(dataset, gzip.compress(lines(conversations(12)), mtime=0))
    dataset.check(options=SMALL)
    write(dataset, gzip.compress(lines(conversations(12)[:1] + conversations(12)[2:]), mtime=0))
    with pytest.raises(ValueError, match=r"The data file `data.jsonl` has changed since the run \(row 1 first\): run"):
        library.export(library.open_run(dataset.folder / "run"), dataset.folder / "clean")
