"""`mmvalidate export` and `mmvalidate diff` as users meet them."""

import json

import pytest

from tests.conftest import Dataset, check, say
from validator.engine.compare.runs import compare, document
from validator.engine.run_files.finished import FinishedRun

GOOD, BAD, ODD = say("a", "b"), say("a", "b", "c"), say("x", "")


def compared(dataset, before, after):
    folders = []
    for number, rows in enumerate((before, after)):
        dataset.write(rows)
        folders.append(dataset.folder / f"run{number}")
        check(dataset.registry, folders[-1])
    return document(compare(*map(FinishedRun, folders)))


@pytest.mark.parametrize(
    ("before", "after", "new", "gone", "same"),
    [
        ([GOOD, BAD], [GOOD, BAD], {}, {}, {"CV002": 1}),
        ([GOOD, BAD], [BAD, say("1", "2"), GOOD], {}, {}, {"CV002": 1}),  # moved
        ([GOOD, BAD], [GOOD], {}, {"CV002": 1}, {}),
        ([GOOD], [GOOD, BAD, ODD], {"CV002": 1, "LB002": 1}, {}, {}),
        ([GOOD, BAD], [GOOD, BAD, BAD], {"CV002": 1}, {}, {"CV002": 1}),  # once more than before
        ([GOOD, BAD], [GOOD, say("a", "b", "changed")], {"CV002": 1}, {"CV002": 1}, {}),
    ],
)
def test_new_gone_and_unchanged(dataset, before, after, new, gone, same):
    content = compared(dataset, before, after)
    rules = {rule["code"]: rule for rule in content["rules"]}
    for name, expected in (("new", new), ("gone", gone), ("same", same)):
        assert {code: rule[name] for code, rule in rules.items() if rule[name]} == expected
    assert content["new_errors"] == new.get("CV002", 0)


def test_distributions_side_by_side(dataset):
    content = compared(dataset, [GOOD], [GOOD, say("a " * 100, "b")])
    (item,) = content["datasets"]
    assert [rows["total"] for rows in item["rows"]] == [1, 2]
    assert [lengths["max"] for lengths in item["num_tokens_full"]] == [23, 123]


def test_diff_on_the_terminal(dataset, mmvalidate):
    dataset.write([GOOD])
    check(dataset.registry, dataset.folder / "a")
    dataset.write([GOOD, BAD])
    check(dataset.registry, dataset.folder / "b", cutoff_len=4096)
    done = mmvalidate("diff", "a", "b")
    assert (done.returncode, done.stderr) == (1, "")
    assert "error CV002 odd-turn-count\n" in done.stdout and "data.jsonl:2 (row 1)  the trainer drops" in done.stdout
    assert "data     1 -> 2" in done.stdout and "setting cutoff_len: 8192 before, 4096 now" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 new error; 0 findings gone, 0 unchanged"
    done = mmvalidate("diff", "b", "a", "--output-format", "json")
    assert done.returncode == 0 and json.loads(done.stdout)["findings"]["gone"]["error"] == 1
    assert mmvalidate("diff", "a", "b", "--exit-zero", "--output-format", "json").returncode == 0


def test_export_on_the_terminal(dataset, mmvalidate):
    dataset.write([GOOD, BAD])
    assert mmvalidate(dataset.registry, "--run-dir", "run").returncode == 1
    done = mmvalidate("export", "run", "--to", "clean")
    assert done.returncode == 0, done.stderr
    assert "data        1      0            1  CV002 1" in done.stdout
    assert (
        "passed: 1 row is trained on whole" in done.stdout
        and f"exported {dataset.registry} to clean: 1 row kept" in done.stdout
    )
    again = mmvalidate("export", "run", "--to", "clean")
    assert (again.returncode, again.stderr) == (2, "mmvalidate: clean is not empty: name a new folder with --to.\n")
    done = mmvalidate("export", "run", "--to", "other", "--keep", "CV002", "--output-format", "json")
    document = json.loads(done.stdout)
    assert done.returncode == 1  # the copy holds what the user wanted to keep, and says that it fails
    assert document["export"]["datasets"][0]["kept"] == 2 and document["check"]["verdict"] == "failed"


@pytest.mark.parametrize("command", [("diff", ".", "."), ("export", ".", "--to", "x")])
def test_a_folder_without_a_run(mmvalidate, command):
    done = mmvalidate(*command)
    assert done.returncode == 2 and "is not a finished run" in done.stderr and "Traceback" not in done.stderr


def tree(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_check_of_a_copy_replaces_no_run_of_other_data(tmp_path, mmvalidate):
    """The copy has the name of the original's folder, and so its run would have that of the original's run."""
    (tmp_path / "data").mkdir()
    Dataset(tmp_path / "data").write([GOOD, BAD])
    assert mmvalidate("data/dataset_info.json").returncode == 1
    run = tmp_path / ".mmvalidate" / "data"
    before = tree(run)
    for target, name in (("out/data", "data-2"), ("more/data", "data-3")):
        done = mmvalidate("export", ".mmvalidate/data", "--to", target)
        assert done.returncode == 0, done.stderr
        told = f"data holds the run of data/dataset_info.json, so this run is kept in .mmvalidate/{name}."
        assert told in done.stderr and (tmp_path / ".mmvalidate" / name / "summary.json").exists()
    assert tree(run) == before


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (".mmvalidate/data", "is the run that is exported"),
        (".mmvalidate/../.mmvalidate/data", "is the run that is exported"),
        (".mmvalidate/other", "holds a run of other data"),
        ("data", "is not a run folder"),
    ],
)
def test_a_named_folder_for_the_check_that_holds_something(tmp_path, mmvalidate, place, words):
    for name in ("data", "other"):
        (tmp_path / name).mkdir()
        Dataset(tmp_path / name).write([GOOD])
        assert mmvalidate(f"{name}/dataset_info.json").returncode == 0
    before = tree(tmp_path)
    done = mmvalidate("export", ".mmvalidate/data", "--to", "clean", "--run-dir", place)
    assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) == 1
    assert tree(tmp_path) == before
