"""Where a report is written, and where it is not: no data are replaced, and none are written through a link."""

import os
import stat

import pytest

from tests.conftest import Dataset, say


@pytest.fixture
def home(tmp_path, mmvalidate):
    (tmp_path / "data").mkdir()
    made = Dataset(tmp_path / "data")
    made.write([say("<image>a", "b", images=[made.image("a.png")])])
    assert mmvalidate("data/dataset_info.json", "--run-dir", "run").returncode == 0
    (tmp_path / "link.jsonl").symlink_to("data/data.jsonl")
    os.link(tmp_path / "data" / "a.png", tmp_path / "hard.png")
    return tmp_path


@pytest.mark.parametrize(
    "place",
    ["data/data.jsonl", "data/dataset_info.json", "link.jsonl", "data/a.png", "hard.png", "run/findings.jsonl"],
)
@pytest.mark.parametrize("command", [("report", "run"), ("data/dataset_info.json", "--run-dir", "run")])
def test_what_a_run_needs_is_not_replaced(home, mmvalidate, place, command):
    names = ("data/data.jsonl", "data/dataset_info.json", "data/a.png", "run/findings.jsonl")
    before = [(home / name).read_bytes() for name in names]
    done = mmvalidate(*command, "--report", f"markdown={place}")
    assert done.returncode == 2 and "for the report." in done.stderr and len(done.stderr.splitlines()) == 1
    assert [(home / name).read_bytes() for name in names] == before and (home / "link.jsonl").is_symlink()


def test_a_link_is_replaced_and_not_written_through(home, mmvalidate):
    (home / "notes.txt").write_text("mine")
    os.link(home / "notes.txt", home / "hard.txt")
    (home / "soft.txt").symlink_to("notes.txt")
    for name in ("hard.txt", "soft.txt"):
        assert mmvalidate("report", "run", "--report", f"json={name}").returncode == 0
        assert (home / name).read_text().startswith("{") and not (home / name).is_symlink()
    assert (home / "notes.txt").read_text() == "mine"


def test_a_device_stays_one(home, mmvalidate):
    """A report for /dev/stdout, or for a pipe, once took its place."""
    (home / "dev").mkdir()
    (home / "dev" / "null").symlink_to("/dev/null")
    done = mmvalidate("report", "run", "--report", "concise=/dev/stdout", "--report", "html=dev/null")
    assert done.returncode == 0 and "passed" in done.stdout
    assert (home / "dev" / "null").is_symlink() and stat.S_ISCHR(os.stat("/dev/null").st_mode)
