"""Runs judges: modules of these tests that ask a real trainer, each inside that trainer's environment.

A judge is run as a module, with the root of the project as the only addition to its path: neither the current folder
nor the judge's own can hide a package, and it works where PYTHONSAFEPATH is set.
"""

import atexit
import json
import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.environments import ROOT


def command_of(home: Path, module: str, *arguments: Any) -> tuple[list[str], dict[str, str]]:
    """The command that runs a judge in the environment `home`, and the variables that it needs."""
    own = {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    python = (home / "bin" / "python").absolute()
    return [str(python), "-m", module, *map(str, arguments)], {**os.environ, **own}


def run_judge(home: Path, module: str, *arguments: Any, text: str = "", cwd: Path = ROOT, **environment: str) -> str:
    """What a judge in the environment `home` prints when it is given a text. Raises RuntimeError where it fails."""
    command, own = command_of(home, module, *arguments)
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=cwd, env={**own, **environment})
    if done.returncode:
        raise RuntimeError(f"{module} failed in {home}:\n{done.stderr[-3000:]}")
    return done.stdout


def ask(home: Path, module: str, *arguments: Any, given: Any, cwd: Path = ROOT) -> Any:
    """The answers of a judge that is given JSON in a file, its last argument, and prints them behind `ANSWERS`."""
    with tempfile.TemporaryDirectory() as scratch:
        places = {"HF_HOME": scratch, "HF_DATASETS_CACHE": scratch}
        return answers_in(run_judge(home, module, *arguments, written(given, scratch), cwd=cwd, **places))


def ask_in_fork(home: Path, module: str, *arguments: Any, given: Any, cwd: Path = ROOT) -> Any:
    """The same for a judge with a `main`, of which one process stays: its imports take longer than most answers."""
    process = _standing(home, module)
    assert process.stdin is not None and process.stdout is not None
    with tempfile.TemporaryDirectory() as scratch:
        question = {"arguments": [*map(str, arguments), str(written(given, scratch))], "cwd": str(cwd)}
        process.stdin.write(json.dumps({**question, "folder": scratch}) + "\n")
        process.stdin.flush()
        code = process.stdout.readline().strip()
        if code != "0":
            said = Path(scratch, "stderr")
            text = said.read_text(encoding="utf-8", errors="replace") if said.exists() else "it ended"
            raise RuntimeError(f"{module} failed in {home}:\n{text[-3000:]}")
        return answers_in(Path(scratch, "stdout").read_text(encoding="utf-8"))


@cache
def _standing(home: Path, module: str) -> subprocess.Popen[str]:
    """It ends when its pipe does, with this process."""
    command, own = command_of(home, "tests.judge_in_forks", module)
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=own
    )
    atexit.register(process.communicate)
    return process


def written(given: Any, folder: str) -> Path:
    """A file with JSON."""
    file = Path(folder) / "input.json"
    file.write_text(json.dumps(given), encoding="utf-8")
    return file


def answers_in(said: str) -> Any:
    """The JSON that a judge has printed behind `ANSWERS`."""
    (answers,) = (line for line in said.splitlines() if line.startswith("ANSWERS "))
    return json.loads(answers.removeprefix("ANSWERS "))
