"""Folders of several machines joined to one."""

import json

import datasets
import pytest

from tests.conftest import Dataset, say
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.policy import Policy
from validator.tokenizing.merge import merge
from validator.tokenizing.tokenize import tokenize


@pytest.fixture
def folders(tmp_path):
    """Text on one machine, text and an image on another."""
    made = []
    for number, name in enumerate(("first", "second")):
        home = tmp_path / name
        home.mkdir()
        data = Dataset(home)
        rows = [say(f"{name} {n}", "a", images=[]) for n in range(4)]
        if number:
            rows[1] = say("<image>x", "b", images=[data.image("a.png")])
            rows[2]["messages"].pop()
        data.write(rows)
        data.check()
        tokenize(FinishedRun(home / "run"), home / "tokens", Policy())
        made.append(home / "tokens")
    return made


def test_rows_follow_each_other_in_the_order_of_the_folders(folders, tmp_path):
    card = merge(folders, tmp_path / "all")
    parts = [datasets.load_from_disk(str(folder))["train"] for folder in folders]
    whole = datasets.load_from_disk(str(tmp_path / "all"))["train"]
    assert list(whole) == [*parts[0], *parts[1]]
    assert (card["splits"], card["left_out"], card["left_out_by_code"]) == ({"train": 7}, 1, {"CV002": 1})
    lines = (tmp_path / "all" / "left_out.jsonl").read_text().splitlines()
    assert [json.loads(line)["row"] for line in lines] == [2]


def test_folders_of_other_settings_are_not_joined(folders, tmp_path):
    home = folders[1].parent
    Dataset(home).check(cutoff_len=77)
    tokenize(FinishedRun(home / "run"), home / "short", Policy())
    with pytest.raises(ValueError, match="were written under other settings: cutoff_len 77 and 8192"):
        merge([folders[0], home / "short"], tmp_path / "all")
    assert not (tmp_path / "all").exists()


@pytest.mark.parametrize("spoil", ["mmvalidate.json", "train/state.json"])
def test_what_is_no_whole_folder_is_not_joined(folders, tmp_path, spoil):
    (folders[1] / spoil).unlink()
    with pytest.raises(ValueError, match="is not a complete folder of `mmvalidate tokenize`"):
        merge(folders, tmp_path / "all")


def test_a_split_that_leads_elsewhere_is_not_joined(folders, tmp_path):
    """A card may come from anybody."""
    for folder in folders:
        card = json.loads((folder / "mmvalidate.json").read_text())
        card["splits"] = {"../train": card["splits"]["train"]}
        (folder / "mmvalidate.json").write_text(json.dumps(card))
        (folder / "train").rename(folder.parent / "train")
    with pytest.raises(ValueError, match="cannot be a folder"):
        merge(folders, tmp_path / "all")


def test_the_command_joins(folders, tmp_path, mmvalidate):
    done = mmvalidate("tokenize", "--merge", folders[0], "--merge", folders[1], "--to", tmp_path / "all")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"train with tokenized_path: {tmp_path / 'all'}")
    alone = mmvalidate("tokenize", "--merge", folders[0], "--to", tmp_path / "one")
    assert (alone.returncode, "Name two folders at least" in alone.stderr) == (2, True)
