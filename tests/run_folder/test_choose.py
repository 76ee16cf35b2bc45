"""Which folder a run is kept in, where the user names none and where they do."""

import json
import shutil

import pytest

from tests.conftest import Dataset, say


@pytest.fixture
def registries(tmp_path):
    """Two registries in folders of one name, with entries `data` and `more` each."""
    for place in ("one", "two"):
        folder = tmp_path / place / "data"
        folder.mkdir(parents=True)
        registry = Dataset(folder).write([say("a", "b")] * 3)
        entry = json.loads(registry.read_text())["data"]
        registry.write_text(json.dumps({"data": entry, "more": entry}))
    return tmp_path


def rows(folder):
    return json.loads((folder / "summary.json").read_text())["rows"]["total"]


def test_other_data_get_another_folder_and_the_same_command_its_own(registries, mmvalidate):
    home = registries / ".mmvalidate"
    commands = [
        (["one/data/dataset_info.json"], "data", 6),
        (["one/data/dataset_info.json", "--dataset", "more"], "data-2", 3),
        (["two/data/dataset_info.json"], "data-3", 6),
        (["two/data/dataset_info.json", "--dataset", "more", "--dataset", "data"], "data-4", 6),
    ]
    for _ in range(2):
        for arguments, name, number in commands:
            done = mmvalidate(*arguments)
            assert done.returncode == 0 and rows(home / name) == number
            told = f"data holds the run of one/data/dataset_info.json, so this run is kept in .mmvalidate/{name}."
            assert (told in done.stderr) is (name != "data"), done.stderr
    assert sorted(path.name for path in home.iterdir()) == ["data", "data-2", "data-3", "data-4"]
    shutil.rmtree(home / "data-2")
    assert "kept in .mmvalidate/data-2." in mmvalidate("one/data/dataset_info.json", "--dataset", "data").stderr


def test_a_folder_of_somebody_is_passed_over(registries, mmvalidate):
    (registries / ".mmvalidate" / "data").mkdir(parents=True)
    (registries / ".mmvalidate" / "data" / "notes.txt").write_text("mine")
    done = mmvalidate("one/data/dataset_info.json")
    assert (
        done.returncode == 0 and "data is not a run folder, so this run is kept in .mmvalidate/data-2." in done.stderr
    )
    assert [path.name for path in (registries / ".mmvalidate" / "data").iterdir()] == ["notes.txt"]


def test_a_named_folder_is_taken_and_what_is_replaced_is_said(registries, mmvalidate):
    replaced = "out holds the run of one/data/dataset_info.json, which this one replaces.\n"
    for place, note in (("one", ""), ("one", ""), ("two", replaced)):
        done = mmvalidate(f"{place}/data/dataset_info.json", "--run-dir", "out")
        assert done.returncode == 0 and done.stderr == (note and f"mmvalidate: {note}")
