"""Progress where stderr is no terminal."""

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import say
from validator.report.progress import StderrProgress


@pytest.mark.parametrize(("checked", "told"), [(3, "3 of 10 rows"), (10, "10 of 10 rows"), (14, "10 of 10 rows")])
def test_no_more_rows_are_told_than_there_are(monkeypatch, capsys, checked, told):
    """Those of a shard that is tried again after its process died are counted twice."""
    monkeypatch.setattr("validator.report.progress.LINE_EVERY", -1.0)
    with StderrProgress(quiet=False) as progress:
        progress.checking(10, "one process")
        progress.checked(checked, 0, 0)
    assert capsys.readouterr().err.startswith(f"{told}, ")


def test_steps_end_with_what_they_wrote(dataset, mmvalidate):
    dataset.write([say("a", "b"), say("a", ""), say("c", "")])
    assert mmvalidate("dataset_info.json").returncode == 0
    done = mmvalidate("report", "--report", "html=out/page.html", "--report", "jsonl=found.jsonl")
    page, found = done.stderr.splitlines()[1:]
    size = (dataset.folder / "out" / "page.html").stat().st_size
    held = r"wrote out/page\.html \((\d+\.\d) kB, 2 of 2 rows with findings\), of dataset_info\.json"
    assert float(re.fullmatch(f"mmvalidate: {held}", page)[1]) == pytest.approx(size / 1e3, abs=0.1)
    assert re.fullmatch(r"mmvalidate: wrote found\.jsonl \(\d\.\d kB\), of dataset_info\.json", found)
    quiet = mmvalidate("report", "--report", "html=out/page.html", "--quiet")
    assert quiet.stderr.splitlines() == done.stderr.splitlines()[:1]


@pytest.mark.parametrize("command", [("plan",), ("report", "--report", "html=page.html")])
def test_a_terminal_sees_how_far_it_is(dataset, mmvalidate, command):
    dataset.write([say("a", "b")])
    assert mmvalidate("dataset_info.json").returncode == 0
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    arguments = [sys.executable, "-m", "validator.cli.main", *command]
    environment = {**os.environ, "TERM": "xterm-256color"}
    process = subprocess.run(
        arguments, stdout=subprocess.DEVNULL, stderr=theirs, cwd=dataset.folder, env=environment, check=True
    )
    os.close(theirs)
    assert process.returncode == 0
    assert ("counting" if command == ("plan",) else "page.html: ") in os.read(ours, 65536).decode()
    os.close(ours)
