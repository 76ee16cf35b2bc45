"""What Linux alone has is missed nowhere: docs/platforms.md says what takes its place."""

import json
import os
import re
import resource
import subprocess
import sys

import pytest

from tests.conftest import ROOT, say
from validator import descriptors
from validator.children import resident, signal_name
from validator.descriptors import read_at, write_at
from validator.errors import BusyError
from validator.replaying.resident import peak
from validator.run_folder.lock import hold
from validator.writing import write_whole

COMMANDS = {
    "check dataset_info.json --run-dir run --advice": 1,
    "report run --report html=report.html": 0,
    "export run --to clean": 0,
    "clean run": 0,
}
"""Command -> its exit code, the same on every system."""
NO_REPLAY = "mmvalidate: a replay does not run on Windows: take WSL, Linux or macOS for it. All else works here.\n"
IMPORTED = r"^\s*(?:import|from) (fcntl|resource|pwd|grp|termios)\b"


@pytest.mark.parametrize(
    ("system", "more", "said"),
    [
        pytest.param("darwin", {}, "", id="macOS", marks=pytest.mark.proof),
        pytest.param("win32", {"replay run": 2}, NO_REPLAY, id="Windows", marks=pytest.mark.proof),
    ],
)
def test_commands_do_the_same_without_what_a_system_lacks(system, more, said, dataset):
    dataset.image("a.jpg")
    dataset.write([say("a", "b"), say("<image>", "b", images=["a.jpg"]), say("<image>", "b", images=["gone.png"])])
    commands = more | COMMANDS
    command = [sys.executable, "-m", "tests.unit.lacking", system, json.dumps([line.split() for line in commands])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        command, cwd=dataset.folder, env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    codes = json.loads(re.search("EXIT CODES (.*)", done.stdout)[1])
    assert dict(zip(commands, codes, strict=True)) == commands, done.stderr
    assert done.stderr.startswith(said) and "Traceback" not in done.stderr
    assert len((dataset.folder / "clean" / "data.jsonl").read_text().splitlines()) == 2


def test_the_memory_of_a_process_is_known_everywhere(monkeypatch):
    import psutil  # as the system is

    here = resident(os.getpid())
    assert psutil
    monkeypatch.setattr(sys, "platform", "darwin")
    assert resident(os.getpid()) == pytest.approx(here, rel=0.2)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert resident(gone.pid) == 0


@pytest.mark.parametrize(("system", "factor"), [("darwin", 1), ("freebsd14", 1024)])
def test_the_highest_memory_is_in_bytes_everywhere(system, factor, monkeypatch):
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert peak() == pytest.approx(most * 1024, rel=0.2)  # Linux
    monkeypatch.setattr("validator.replaying.resident.open", _no_file, raising=False)
    monkeypatch.setattr(sys, "platform", system)
    assert peak() == pytest.approx(most * factor, rel=0.2)
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak() == 0


def _no_file(*_):
    raise FileNotFoundError


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (35, "signal 35")])
def test_signals_without_a_name_are_told_by_number(number, name):
    assert signal_name(number) == name


@pytest.mark.parametrize("has_calls", [True, False], ids=["with pread and pwrite", "without"])
def test_reading_and_writing_at_a_place(has_calls, monkeypatch, tmp_path):
    if not has_calls:
        monkeypatch.delattr(os, "pread")
        monkeypatch.delattr(os, "pwrite")
    write_whole(tmp_path / "a", b"abcdef")
    descriptor = descriptors.open_descriptor(tmp_path / "a", os.O_RDWR, follow=False)
    assert write_at(descriptor, b"XY", 2) == 2
    assert read_at(descriptor, 3, 1) == b"bXY"
    os.close(descriptor)


def test_two_commands_in_a_folder_are_noticed_where_there_are_locks(tmp_path, monkeypatch):
    other = "from validator.run_folder.lock import hold\nfrom pathlib import Path\nimport sys\n"
    other += "with hold(Path(sys.argv[1]), 'check'):\n    print('held', flush=True)\n    sys.stdin.read()"
    command = [sys.executable, "-c", other, tmp_path / "run"]
    first = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert first.stdout.readline() == "held\n"
    with pytest.raises(BusyError, match="is in use by `mmvalidate check`"), hold(tmp_path / "run", "clean"):
        pass
    monkeypatch.setattr(descriptors, "fcntl", None)  # as on Windows
    with hold(tmp_path / "run", "clean"):
        pass
    first.communicate("")


def test_a_process_that_cannot_be_started_is_the_error_that_is_told(tmp_path, monkeypatch, dataset):
    def start(_):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.context.ForkProcess.start", start)
    dataset.write([say("a", "b")])
    with pytest.raises(BlockingIOError):
        dataset.check()


def test_modules_that_linux_alone_has_are_imported_where_that_may_fail():
    """Otherwise `import` fails elsewhere; what may lack is asked of validator/descriptors.py and its like."""
    found = {
        f"{path.relative_to(ROOT / 'validator').as_posix()}: {match[1]}"
        for path in (ROOT / "validator").rglob("*.py")
        for match in re.finditer(IMPORTED, path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert found == {
        "descriptors.py: fcntl",
        "replaying/resident.py: resource",
        "report/viewer/keys.py: termios",
        "report/viewer/pictures.py: termios",
    }
