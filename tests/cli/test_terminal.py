"""The command on terminals and in shells: narrow windows, NO_COLOR, completion, mistyped words, the first screen."""

import errno
import os
import re
import shlex
import subprocess
import sys

import pytest

from tests.conftest import check, say
from tests.tiers import first

SGR = re.compile(r"\x1b\[[0-9;]*m")
pty = pytest.importorskip("pty")


def on_terminal(width, *arguments, cwd, **environment):
    """What the command writes to a terminal of some width."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    given = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    command = [sys.executable, "-m", "validator.cli.main", *map(str, arguments)]
    process = subprocess.Popen(
        command,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        cwd=cwd,
        env={**given, "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    written = b""
    try:
        while data := os.read(ours, 65536):
            written += data
    except OSError as error:
        assert error.errno == errno.EIO  # the other end is closed
    os.close(ours)
    process.wait()
    return written.decode().replace("\r\n", "\n")


@pytest.fixture
def finished(dataset):
    """A finished run with one row of every status but unchecked."""
    good = say("<image>a", "b", images=[dataset.image("a.png", (280, 280))])
    dataset.write([good, say("a", "b", "c"), say("<image>a", "b", images=["a_picture_that_is_not_there.png"])])
    check(dataset.registry, dataset.folder / "run")
    return dataset


@pytest.mark.parametrize("width", first(1, [40, 60, 80, 120]))
def test_no_line_is_wider_than_the_terminal(finished, width):
    text = on_terminal(width, "dataset_info.json", "--run-dir", "run", cwd=finished.folder, NO_COLOR="1")
    plain = [SGR.sub("", line) for line in text.splitlines()]
    assert max(map(len, plain)) <= width, max(plain, key=len)
    words = " ".join(text.split())
    for shown in ("CV002", "MD001", "stops at 1 row", "dropped", "next: mmvalidate rule", "2 errors"):
        assert shown in words


@pytest.mark.proof
def test_a_narrow_table_names_its_numbers(finished):
    text = on_terminal(30, "dataset_info.json", "--run-dir", "run", cwd=finished.folder, NO_COLOR="1")
    assert "\n  rows 3, whole 1, stops 1,\n  dropped 1, p50 " in SGR.sub("", text)
    wide = on_terminal(120, "dataset_info.json", "--run-dir", "run", cwd=finished.folder, NO_COLOR="1")
    assert "dataset  rows  whole  cut  changed  stops  dropped" in SGR.sub("", wide)


COLOURS = ("\x1b[31m", "\x1b[1;31m", "\x1b[33m", "\x1b[1;32m")


@pytest.mark.proof
def test_colours_only_where_they_are_wanted(finished, mmvalidate):
    arguments = ("dataset_info.json", "--run-dir", "run")
    coloured = on_terminal(100, *arguments, cwd=finished.folder)
    assert any(code in coloured for code in COLOURS)
    assert not any(code in on_terminal(100, *arguments, cwd=finished.folder, NO_COLOR="1") for code in COLOURS)
    assert "\x1b" not in mmvalidate(*arguments, cwd=finished.folder).stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["ex"], ["export"]),
        (["export", "--keep-"], ["--keep-unchecked"]),
        (["export", "r"], []),
        (["export", ".m"], [".mmvalidate/a"]),
        (["diff", ".mmvalidate/a", ".m"], [".mmvalidate/a"]),
        (["rule", "PH00"], ["PH001", "PH002", "PH003", "PH004", "PH005", "PH006", "PH007", "PH008", "PH009"]),
        (
            ["dataset_info.json", "--ignore", "CV001,LB00"],
            [
                "CV001,LB001",
                "CV001,LB002",
                "CV001,LB003",
                "CV001,LB004",
                "CV001,LB005",
                "CV001,LB006",
                "CV001,LB007",
                "CV001,LB008",
            ],
        ),
        (["dataset_info.json", "--dataset", ""], ["data"]),
        (["dataset_info.json", "--cutoff"], ["--cutoff-len"]),
    ],
)
def test_completion(dataset, mmvalidate, monkeypatch, words, offered):
    dataset.write([say("a", "b")])
    (dataset.folder / ".mmvalidate" / "a").mkdir(parents=True)
    (dataset.folder / ".mmvalidate" / "a" / "summary.json").write_text("{}")
    monkeypatch.setenv("_MMVALIDATE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join(["mmvalidate", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    assert mmvalidate(cwd=dataset.folder).stdout.split() == offered


def test_the_script_for_the_shell():
    """The command asks which shell has started it."""
    asked = shlex.join([sys.executable, "-m", "validator.cli.main", "--show-completion"])
    done = subprocess.run(["bash", "-c", f"{asked}; exit $?"], capture_output=True, text=True)
    assert done.returncode == 0 and "_MMVALIDATE_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["exprot", "run"], "exprot is neither a command nor a file. Did you mean export?"),
        (
            ["dataset_info"],
            "dataset_info is neither a command nor a file. `mmvalidate --help` lists the commands.",
        ),
        (["x.json", "--cutof-len", "3"], "No such option: --cutof-len. Did you mean --cutoff-len?"),
        (["--verson"], "No such option: --verson. Did you mean --version?"),
        (["x.json", "--integrity", "fst"], "'fst' is not one of 'header', 'fast', 'full'. Did you mean fast?"),
        (["rule"], "CODE is missing. `mmvalidate rules` lists them."),
        (["rule", "PH02"], "There is no rule PH02. Did you mean PH002?"),
        (["diff"], "RUN_A is missing. Give two folders of finished runs, the earlier one first."),
        (["diff", "run"], "Name the folder of a finished run: there is none in .mmvalidate here."),
        (["export", "run", "--to", "x", "--drop", "MD0001"], "run is not a finished run"),
    ],
)
def test_errors_of_use_name_the_fix(mmvalidate, arguments, sentence):
    done = mmvalidate(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert all(line.startswith("mmvalidate: ") for line in done.stderr.splitlines())


def test_a_mistyped_run_is_named(dataset, mmvalidate):
    dataset.write([say("a", "b")])
    check(dataset.registry, dataset.folder / ".mmvalidate" / "screens")
    done = mmvalidate("diff", ".mmvalidate/screen", ".mmvalidate/screens", cwd=dataset.folder)
    assert done.stderr == (
        "mmvalidate: .mmvalidate/screen is not a finished run: there is no such folder. "
        "Did you mean .mmvalidate/screens?\n"
    )
    done = mmvalidate("export", "x", "--to", "y", cwd=dataset.folder)
    assert "Finished here: .mmvalidate/screens." in done.stderr


def test_alone_it_says_what_can_be_done_here(dataset, mmvalidate):
    dataset.write([say("a", "b", "c")])
    done = mmvalidate(cwd=dataset.folder)
    assert done.returncode == 2 and "  mmvalidate dataset_info.json\n" in done.stdout
    mmvalidate("dataset_info.json", cwd=dataset.folder)
    (run,) = [path.name for path in (dataset.folder / ".mmvalidate").iterdir()]
    done = mmvalidate(cwd=dataset.folder)
    assert f"  mmvalidate export .mmvalidate/{run} --to clean\n" in done.stdout and "it failed" in done.stdout
    (dataset.folder / "mmvalidate.toml").write_text('dataset-info = "dataset_info.json"')
    assert mmvalidate(cwd=dataset.folder).returncode == 1  # a settings file names what to check
