"""An export that was ended half way: the next try replaces what it has left, and nothing else."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.conftest import Dataset, say
from tests.export.exporting import shown, state
from tests.tiers import first
from validator.exporting.folder import Folder
from validator.exporting.names import MARKER

ENDED = """
import os, sys, time
import validator.exporting.export as module
def ended(*_):
    os.kill(os.getpid(), {number})
    time.sleep(60)
module._write_registries = ended
from validator.cli.main import main
main()
"""
"""The command, ended by a signal when its rows and media are written."""


CHANGED = """
import validator.exporting.export as module
from pathlib import Path
checked = module.check_unchanged
def changed(*arguments):
    checked(*arguments)
    path = Path({path!r})
    path.write_bytes(path.read_bytes().replace(b"a", b"A"))
module.check_unchanged = changed
from validator.cli.main import main
main()
"""
"""The command, of which the data file changes while it is copied."""


@pytest.fixture
def data(tmp_path, mmvalidate):
    (tmp_path / "data").mkdir()
    made = Dataset(tmp_path / "data")
    made.write([shown(made.image("pictures/a.png")), say("a", "b", "c", images=[])])
    assert mmvalidate("data/dataset_info.json", "--run-dir", "run").returncode == 1
    return made


def end_by(number, folder):
    arguments = [sys.executable, "-c", ENDED.format(number=int(number)), "export", "run", "--to", "clean", "--no-check"]
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True)


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_killed(data, tmp_path, mmvalidate):
    before = state(data.folder)
    assert end_by(signal.SIGKILL, tmp_path).returncode == -signal.SIGKILL
    assert MARKER in names(tmp_path / "clean") and "pictures/a.png" in names(tmp_path / "clean")
    done = mmvalidate("export", "run", "--to", "clean", "--no-check")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        0,
        "mmvalidate: clean held an unfinished export: it was replaced",
    )
    assert mmvalidate("export", "run", "--to", "other", "--no-check").returncode == 0
    assert names(tmp_path / "clean") == names(tmp_path / "other") and MARKER not in names(tmp_path / "clean")
    assert state(data.folder) == before


@pytest.mark.parametrize("number", first(1, [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))
def test_asked_to_end(data, tmp_path, number):
    """It removes what it has made, as Ctrl-C does."""
    before = state(data.folder)
    done = end_by(number, tmp_path)
    assert done.returncode == 3 and "interrupted; an unfinished copy is removed" in done.stderr
    assert not (tmp_path / "clean").exists() and state(data.folder) == before


def test_data_that_change_meanwhile(data, tmp_path):
    file = json.loads((data.folder / "dataset_info.json").read_text())["data"]["file_name"]
    code = CHANGED.format(path=str(data.folder / file))
    arguments = [sys.executable, "-c", code, "export", "run", "--to", "clean", "--no-check"]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True)
    said = f"mmvalidate: the export stopped: the file `{file}` changed while it was read\n"
    assert (done.returncode, done.stderr) == (3, said) and not (tmp_path / "clean").exists()


def test_what_somebody_has_put_there_stays(data, tmp_path, mmvalidate):
    end_by(signal.SIGKILL, tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.png").write_text("mine")
    shutil.rmtree(tmp_path / "clean" / "pictures")
    (tmp_path / "clean" / "pictures").symlink_to(outside)
    (tmp_path / "clean" / "notes.txt").write_text("mine")
    done = mmvalidate("export", "run", "--to", "clean", "--no-check")
    assert done.returncode == 2 and "'notes.txt', which is not of the unfinished export there" in done.stderr
    assert (outside / "a.png").read_text() == (tmp_path / "clean" / "notes.txt").read_text() == "mine"


def test_a_marker_that_was_not_made_here_is_none(data, tmp_path, mmvalidate):
    """It has come with a download, and lists what is not ours."""
    end_by(signal.SIGKILL, tmp_path)
    shutil.copytree(tmp_path / "clean", tmp_path / "copied")
    before = state(tmp_path / "copied")
    done = mmvalidate("export", "run", "--to", "copied", "--no-check")
    assert (done.returncode, done.stderr) == (2, "mmvalidate: copied is not empty: name a new folder with --to.\n")
    assert state(tmp_path / "copied") == before


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "sub/../../outside.txt"])
def test_a_marker_leads_nowhere_else(tmp_path, name):
    (tmp_path / "outside.txt").write_text("mine")
    folder = Folder(tmp_path / "clean")
    folder.make("sub")
    path = name if name[0] != "/" else str(tmp_path / name[1:])
    os.write(folder._marker, b"f" + path.encode() + b"\0")
    folder.remove()
    assert (tmp_path / "outside.txt").read_text() == "mine" and not (tmp_path / "clean").exists()


def test_two_at_once(tmp_path):
    folder = Folder(tmp_path / "clean")
    with pytest.raises(OSError, match="another export is writing to"):
        Folder(tmp_path / "clean")
    folder.remove()
    assert not (tmp_path / "clean").exists()


def test_an_empty_folder_of_the_user_stays(tmp_path):
    (tmp_path / "clean").mkdir()
    folder = Folder(tmp_path / "clean")
    folder.create("a/b.txt").close()
    folder.remove()
    assert os.listdir(tmp_path / "clean") == []
