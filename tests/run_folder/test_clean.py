"""Nothing that is not ours is removed from a folder, or written through a link in it."""

import json
import shutil

import pytest

from tests.conftest import Dataset, say

LINKED = ("summary.json", "findings.jsonl", ".gitignore", "findings.jsonl.part", "cache/speeds.json", "replay.parquet")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    dataset = Dataset(folder)
    dataset.write([say("a", "b")] * 3)
    dataset.check()
    return folder


@pytest.fixture
def home(finished, tmp_path):
    """A data set with its run in `run`."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize("arguments", [["clean", "project"], ["clean", "project", "--all"], ["clean", "--all"]])
def test_a_project_with_a_cache_of_its_own(tmp_path, mmvalidate, arguments):
    for folder in (tmp_path / "project", tmp_path / ".mmvalidate" / "project"):
        (folder / "cache" / "shards").mkdir(parents=True)
        (folder / "cache" / "model.bin").write_text("weeks of work")
        (folder / "summary.json").write_text('{"mine": 1}')
        (folder / "paper.tex").write_text("text")
    before = tree(tmp_path)
    done = mmvalidate(*arguments)
    assert done.returncode == 0 and "not a run folder, left alone" in done.stdout
    assert tree(tmp_path) == before


def test_all_of_a_run_and_nothing_else(home, mmvalidate):
    assert mmvalidate("report", "run", "--report", "html=run/report.html").returncode == 0
    (home / "run" / "cache" / "shards" / ".0.zip.1.part").write_text("mine: the name is none of ours")
    (home / "run" / "notes.txt").write_text("mine")
    (home / "run" / "cache" / "mine").mkdir()
    (home / "run" / "cache" / "surveys" / "list.json").write_text("[]")
    done = mmvalidate("clean", "run", "--all")
    assert done.returncode == 0 and "2 other files left alone: cache, notes.txt" in done.stdout
    assert {name for name, content in tree(home / "run").items() if content is not None} == {
        "notes.txt",
        "cache/shards/.0.zip.1.part",
        "cache/surveys/list.json",
    }
    assert (home / "run" / "cache" / "mine").is_dir()


def test_a_run_folder_goes_with_all_that_is_in_it(home, mmvalidate):
    assert mmvalidate("dataset_info.json", "--trainer", "all", "--run-dir", "every").returncode == 0
    for folder in ("every", "run"):
        assert mmvalidate("clean", folder).returncode == 0
        assert not list((home / folder).rglob("cache")) and list((home / folder).rglob("summary.json"))
        assert mmvalidate("clean", folder, "--all").returncode == 0
        assert not (home / folder).exists()


def test_links_are_not_followed(home, mmvalidate, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(home / "run", elsewhere / "run")
    shutil.move(home / "run" / "cache", elsewhere / "cache")
    (home / "run" / "cache").symlink_to(elsewhere / "cache")
    (home / "whole").symlink_to(elsewhere / "run")
    before = tree(elsewhere)
    assert "left alone" in mmvalidate("clean", "whole", "--all").stdout
    mmvalidate("clean", "run")
    assert "1 other file left alone: cache" in mmvalidate("clean", "run", "--all").stdout
    assert tree(elsewhere) == before and (home / "run" / "cache").is_symlink()


def test_nothing_is_written_through_a_link(home, mmvalidate, tmp_path_factory):
    """Neither into what a link leads to nor to where a broken one does."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for number, name in enumerate(LINKED):
        path = home / "run" / name
        path.unlink(missing_ok=True)
        path.symlink_to(elsewhere / str(number))
        if number % 2:
            (elsewhere / str(number)).write_text("mine")
    before = tree(elsewhere)
    done = mmvalidate("dataset_info.json", "--run-dir", "run", "--no-resume")
    assert done.returncode == 0, done.stderr
    assert tree(elsewhere) == before
    assert json.loads((home / "run" / "summary.json").read_text())["rows"]["total"] == 3
    assert not (home / "run" / "summary.json").is_symlink()


@pytest.mark.parametrize("name", ["cache", "cache/shards", ".mmvalidate-run"])
def test_a_link_where_we_keep_things_is_refused(home, mmvalidate, tmp_path_factory, name):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    path = home / "run" / name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.symlink_to(elsewhere)
    done = mmvalidate("dataset_info.json", "--run-dir", "run")
    assert done.returncode == 2 and "is a link" in done.stderr and "Traceback" not in done.stderr
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("content", ["notes.part", "cache/model.part", "cache/running/work.txt", "sub/file"])
def test_a_folder_of_somebody_is_refused(home, mmvalidate, content):
    """Where today's names and patterns matched theirs, too."""
    path = home / "theirs" / content
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    before = tree(home)
    done = mmvalidate("dataset_info.json", "--run-dir", "theirs")
    assert done.returncode == 2 and "and is not a run folder: name an empty or a new folder" in done.stderr
    done = mmvalidate("rejudge", "run", "--run-dir", "theirs")
    assert done.returncode == 2 and "and is not a run folder" in done.stderr
    assert tree(home) == before


def test_what_lies_in_a_run_folder_besides_stays(home, mmvalidate):
    mine = ["notes.part", "cache/model.part", "cache/running/work.txt", "cache/shards/.mine.part"]
    for name in mine:
        (home / "run" / name).parent.mkdir(exist_ok=True)
        (home / "run" / name).write_text("mine")
    assert mmvalidate("dataset_info.json", "--run-dir", "run").returncode == 0
    assert [name for name in mine if (home / "run" / name).read_text() != "mine"] == []


def test_folders_that_may_become_those_of_runs(home, mmvalidate):
    """An empty one, a restored cache, and a finished run of a version that made no mark."""
    (home / "empty").mkdir()
    shutil.copytree(home / "run" / "cache", home / "restored" / "cache")
    shutil.copytree(home / "run", home / "older", ignore=shutil.ignore_patterns(".mmvalidate-run"))
    (home / "older" / "cache" / "lock").touch()
    (home / "older" / "report.md").write_text("a report")
    for name in ("empty", "restored", "older"):
        assert mmvalidate("dataset_info.json", "--run-dir", name).returncode == 0
        assert (home / name / ".mmvalidate-run").read_text() == '{"format":"mmvalidate run folder","version":1}\n'
        assert mmvalidate("clean", name, "--all").returncode == 0
    assert [path.name for path in (home / "older").iterdir()] == ["report.md"]


def test_a_later_version(home, mmvalidate):
    (home / "run" / ".mmvalidate-run").write_text('{"format":"mmvalidate run folder","version":2}\n')
    before = tree(home)
    for arguments in (["clean", "run", "--all"], ["dataset_info.json", "--run-dir", "run"]):
        done = mmvalidate(*arguments)
        assert done.returncode == 2 and "run was written by a later version of mmvalidate" in done.stderr
    assert tree(home) == before
