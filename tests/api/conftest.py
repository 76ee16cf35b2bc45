"""A small finished run: a row of text, an image that the cutoff takes, an image that is not there, hostile text."""

import os
import shutil

import pytest

import mmvalidate
from tests.commands import warm_up
from tests.conftest import Dataset, say

HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e"
ALONE = mmvalidate.Execution(workers=0)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    data = Dataset(folder)
    image = data.image("a.png", (560, 560))
    rows = [
        say("a", "b"),
        say("<image>what?", "b", images=[image]),
        say("<image>", "b", images=["gone.png"]),
        say(HOSTILE, "b"),
    ]
    data.write([{"images": [], **row} for row in rows])
    old = os.getcwd()
    os.chdir(folder)
    try:
        warm_up()
        mmvalidate.check("dataset_info.json", cutoff_len=200, run_dir="run", execution=ALONE)
    finally:
        os.chdir(old)
    return folder


@pytest.fixture
def home(tmp_path, finished, monkeypatch):
    """The working folder: a copy of the data and of the run, to be changed."""
    folder = tmp_path / "home"
    shutil.copytree(finished, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(home):
    return mmvalidate.open_run("run")
