"""Data that are named as a dataset of the hub, ORGANISATION/NAME, without a registry. The hub is stood in for."""

import json
from pathlib import Path

import datasets
import pytest

from tests.conftest import say
from validator.catalog.registry import is_hub_name, load_registry

ROW = say("a", "b")
READ = "user/mix is not on this machine and is read from the Hugging Face hub, its split train"


@pytest.fixture
def hub(monkeypatch):
    """What is asked of the hub, which holds user/mix alone."""
    asked = []

    def load_dataset(path, name, *, data_dir, split):
        asked.append((path, name, data_dir, split))
        if path != "user/mix":
            raise datasets.exceptions.DatasetNotFoundError(f"Dataset '{path}' doesn't exist on the Hub.")
        return datasets.Dataset.from_list([ROW])

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    return asked


@pytest.mark.parametrize(
    ("trainer", "told"),
    [
        ("trl", f"{READ}."),
        ("unsloth", f"{READ}."),
        ("ms-swift", f"{READ} (ms-swift itself takes it from ModelScope, unless started with --use_hf true)."),
    ],
)
def test_a_bare_name_is_read_from_the_hub(trainer, told, hub, mmvalidate, tmp_path):
    done = mmvalidate("user/mix", "--trainer", trainer, "--run-dir", "run")
    assert (done.returncode, hub) == (0, [("user/mix", None, None, "train")])
    assert f"mmvalidate: {told}\n" in done.stderr
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["rows"]["total"] == 1


def test_a_finding_names_the_row_under_the_name_of_the_data_set(hub, mmvalidate):
    done = mmvalidate("user/mix", "--trainer", "trl", "--cutoff-len", "5", "--output-format", "concise")
    assert [line for line in done.stdout.splitlines() if line.startswith("user/mix:")]


def test_what_is_here_comes_before_the_hub(hub, mmvalidate, tmp_path):
    (tmp_path / "user" / "mix").mkdir(parents=True)
    (tmp_path / "user" / "mix" / "a.jsonl").write_text(json.dumps(ROW))
    done = mmvalidate("user/mix", "--trainer", "trl")
    assert (done.returncode, hub, "hub" in done.stderr) == (0, [], False)


def test_a_name_that_the_hub_does_not_have_is_one_sentence_with_the_fix(hub, mmvalidate):
    done = mmvalidate("no/pe", "--trainer", "trl")
    assert done.returncode == 3
    assert (
        "not checked: the hub dataset no/pe cannot be loaded (Dataset 'no/pe' doesn't exist on the Hub): correct its "
        "name, log in (hf auth login), or download it (hf download no/pe --repo-type dataset --local-dir FOLDER) and "
        "name the folder\n" in done.stdout
    )


def test_a_trainer_that_takes_no_data_alone_gets_nothing_from_the_hub(hub, mmvalidate):
    done = mmvalidate("user/mix")
    assert (done.returncode, hub) == (2, [])
    entry = 'as {"mix": {"hf_hub_url": "user/mix", "formatting": "sharegpt"}}, and --dataset mix; or download'
    assert entry in done.stderr
    named = "Or add --trainer trl, ms-swift, unsloth, llamafactory-v1 or axolotl, which read it by its name.\n"
    assert done.stderr.endswith(named)


@pytest.mark.parametrize(
    ("name", "of_hub"),
    [
        ("trl-lib/mix", True),
        ("trl-lib/mix-v1.5", True),
        ("here/mix", False),
        ("a/b/c", False),
        ("/a/b", False),
        ("./a", False),
        ("../a/b", False),
        ("a/b.json", False),
        ("a/b.jsonl", False),
        ("a/b.jsonl.gz", False),
        ("a/b.yaml", False),
        ("a/b c", False),
        ("a", False),
        ("s3://a/b", False),
    ],
)
def test_a_name_that_may_be_the_hubs(name, of_hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    assert is_hub_name(Path(name)) == of_hub
    if not of_hub and "://" not in name:
        with pytest.raises(ValueError, match=r" does not exist\.$"):
            load_registry(Path(name))
