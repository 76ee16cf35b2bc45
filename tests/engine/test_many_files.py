"""Small files are checked together: what is written is the same, and what happens to one costs no other its result."""

import json
import random

import pytest

from tests.conftest import ALL_TAGS, Dataset, check, say
from tests.engine.data import COLUMNS, make_row
from tests.engine.processes import lost_rows, nothing_left, run, slow_jpeg
from tests.engine.written import written
from validator.execution import Execution

FILES = 120


def make_many(folder):
    """A registry of small entries and one of a folder of small files, some of them broken, one long."""
    dice = random.Random(0)
    dataset = Dataset(folder)
    for number in range(6):
        dataset.image(f"shots/{number}.png", (60 + 90 * number, 80))
        dataset.image(f"shots/{number}.jpg", (640, 60 + 90 * number))
    (folder / "shots" / "cut.png").write_bytes((folder / "shots" / "5.png").read_bytes()[:-60])
    (folder / "apart").mkdir()
    (folder / "together").mkdir()
    common = {"formatting": "sharegpt", "columns": COLUMNS, "tags": ALL_TAGS}
    entries = {"together": {"file_name": "together", **common}}
    for number in range(FILES):
        lines = [json.dumps(make_row(dice, number * 9 + row)) for row in range(dice.randrange(5))]
        if number % 17 == 3:
            lines.append('{"messages": 5}')
        if number == 50:
            lines *= 100
        text = "\n".join(lines)
        (folder / "apart" / f"{number}.jsonl").write_text(text)
        (folder / "together" / f"{number}.jsonl").write_text(text)
        entries[f"apart_{number}"] = {"file_name": f"apart/{number}.jsonl", **common}
    entries["apart_7"]["split"] = "train[:50%]"
    entries["apart_9"]["columns"] = {"messages": "absent"}
    dataset.registry.write_text(json.dumps(entries))
    return dataset.registry


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    make_many(folder)
    return folder


OF_AN_ENTRY = {"per_dataset": {"apart_5": {"ignore": ["MD001"]}, "apart_6": {"severity": {"ALL": "info"}}}}


@pytest.fixture(scope="module")
def reference(home):
    """Every row a shard of its own."""
    check(home / "dataset_info.json", home / "one", Execution(workers=0, shard_rows=1), **OF_AN_ENTRY)
    return written(home / "one")[1]


@pytest.mark.parametrize("size", [None, pytest.param(3, marks=pytest.mark.proof)])
def test_what_is_written_is_the_same(home, reference, tmp_path, size):
    check(home / "dataset_info.json", tmp_path / "run", Execution(workers=0, shard_rows=size), **OF_AN_ENTRY)
    assert written(tmp_path / "run")[1] == reference


def test_there_is_something_to_find(reference):
    summary = reference[0]
    assert summary["rows"]["total"] > 500 and summary["findings"]["error"] > 50


def kept(run_folder):
    return {path.name for path in (run_folder / "cache" / "shards").glob("*.zip")}


@pytest.mark.parametrize("change", ["a row more", "an entry less"])
def test_a_change_of_one_file_leaves_most_results(tmp_path, change):
    registry = make_many(tmp_path)
    names = [name for name in json.loads(registry.read_text()) if name.startswith("apart")]
    check(registry, tmp_path / "run", datasets=names)
    before = kept(tmp_path / "run")
    if change == "a row more":
        with (tmp_path / "apart" / "30.jsonl").open("a") as file:
            file.write("\n" + json.dumps(say("one more", "b", images=[])))
    else:
        names.remove("apart_30")
    check(registry, tmp_path / "run", datasets=names)
    again = kept(tmp_path / "run") - before
    assert 2 < len(before) < FILES / 4 and 1 <= len(again) <= 2
    check(registry, tmp_path / "fresh", datasets=names)
    assert written(tmp_path / "run")[1] == written(tmp_path / "fresh")[1]


def test_the_same_findings_under_other_limits(home, tmp_path):
    """Facts of several files are judged anew from one result."""
    registry = home / "dataset_info.json"
    check(registry, tmp_path / "run", cutoff_len=4096)
    check(registry, tmp_path / "run", cutoff_len=64)
    check(registry, tmp_path / "fresh", cutoff_len=64)
    assert written(tmp_path / "run")[1] == written(tmp_path / "fresh")[1]


@pytest.mark.proof
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_row_that_hangs_costs_no_other_file(dataset, workers):
    dataset.image("ok.png")
    slow_jpeg(dataset.folder / "slow.jpg", 6000)
    registry = dataset.write([], file_name="rows", columns=COLUMNS)
    (dataset.folder / "rows").mkdir()
    for number in range(20):
        images = ["slow.jpg" if number == 11 and row == 2 else "ok.png" for row in range(4)]
        rows = [json.dumps(say("<image>", "b", images=[image])) for image in images]
        (dataset.folder / "rows" / f"{number}.jsonl").write_text("\n".join(rows))
    done = run(registry, "--workers", workers, "--integrity", "full", "--row-timeout", "4")
    counts, lost = lost_rows(done)
    assert done.returncode == 3 and counts["ok"] == 79 and counts["unchecked"] == 1
    assert [row for row, _ in lost] == [2] and "it took longer than 4 seconds, twice" in lost[0][1]
    nothing_left(dataset.folder)


def test_a_file_that_changes_is_unchecked_alone(dataset, monkeypatch):
    """Between its survey and the check."""
    registry = dataset.write([], file_name="rows", columns={"messages": "messages"})
    (dataset.folder / "rows").mkdir()
    for number in range(9):
        (dataset.folder / "rows" / f"{number}.jsonl").write_text(json.dumps(say(f"a {number}", "b")))
    import validator.engine.run as engine

    opened = engine.open_entries

    def changing(*arguments):
        found = opened(*arguments)
        (dataset.folder / "rows" / "4.jsonl").write_text(json.dumps(say("another, longer one", "b")))
        return found

    monkeypatch.setattr(engine, "open_entries", changing)
    check(registry, dataset.folder / "run")
    status = {sample["file"]: sample["status"] for sample in dataset.samples()}
    assert status.pop("rows/4.jsonl") == "unchecked" and set(status.values()) == {"ok"} and len(status) == 8
