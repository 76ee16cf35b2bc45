"""Every command in README.md and docs/ is run, or is left out for a reason that names the test which runs the like.

A command is a line of a code block (indented by four, or between fences without a language or with sh) that begins
with the name of a program. A page's commands are run one after the other in a folder with `data/` and `sample_data/`,
of which runs are finished. They may find something, but must not be wrong: no exit code 2, no traceback. What README,
index and tour show between fences is what their commands print.
"""

import json
import os
import re
import shlex
import shutil
import sys

import pytest

from scripts.make_command_docs import commands
from tests.conftest import ROOT, check
from tests.docs.places import lay_out
from validator.cli.main import main
from validator.cli.welcome import welcome

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = ("README.md", "index.md", "tour.md")
"""Pages that show what their commands print."""
PROGRAMS = re.compile(r"(mmvalidate|pip|python|dask|git|pre-commit|\.(oracle/|replay/)?venv/bin/\S+|\./\S+) ?")
LEFT_OUT = {
    r"^git clone": ("needs the network; pages are run in a folder like a clone", "tests/docs/places.py", "lay_out"),
    r"^pip install": ("installs into the environment that runs this", "scripts/setup", "install"),
    r"^\./scripts/demo": ("minutes", "scripts/demo", "replay"),
    r"^\./scripts/trainers": ("minutes, and a gigabyte", "scripts/trainers", "make"),
    r"^\.oracle/venv": ("needs the trainer", "tests/oracle/test_environment.py", "tests.oracle.environment"),
    r"^\./scripts/generate": ("writes into the project", "tests/ci/test_generated.py", "generate"),
    r"^\./scripts/test": ("it is what runs this", "scripts/test", "pytest"),
    r"--processor /models/": ("needs a model's files", "tests/trainers/test_trl_thoughts.py", "folder_of"),
    r"scripts\.bench": ("an hour", "scripts/bench.py", "def main"),
    r"scripts\.integrity_corpus": (
        "an hour; a smaller corpus is a test",
        "tests/integrity/test_corpus.py",
        "def test_",
    ),
    r"scripts\.fuzz": ("as long as one likes", "scripts/fuzz.py", "main"),
    r"^dask ": ("processes that do not end", "tests/engine/test_same_bytes.py", "scheduler"),
    r"--scheduler": ("needs a cluster", "tests/engine/test_same_bytes.py", "scheduler"),
    r"--dataset mix": ("needs the hub", "tests/healthy/stored.py", "hf_hub_url"),
    r"^mmvalidate user/dataset": ("needs the hub", "tests/cli/test_hub_name.py", "user/mix"),
    r"^mmvalidate sft.yaml": ("needs data of TRL", "tests/unit/test_trl_files.py", "sft.yaml"),
    r"^mmvalidate config.yml": ("needs data of axolotl", "tests/unit/test_axolotl_files.py", "c.yml"),
    r"s3://": ("needs a store", "tests/engine/test_remote.py", "s3://"),
    r"--trainer-python": ("needs the trainer", "tests/oracle/test_compared.py", "--trainer-python"),
    r"--merge": ("needs the folders of several machines", "tests/tokenize/test_merge.py", "--merge"),
    r"^mmvalidate watch": ("needs the logs of a training", "tests/cli/test_audit.py", '"watch"'),
    r"^mmvalidate audit --checkpoint": ("needs a checkpoint", "tests/cli/test_audit.py", '"--checkpoint"'),
    r"--model path/to": ("needs a checkpoint", "tests/replay/test_trained.py", "model"),
    r"^mmvalidate replay \S+ --candidates 8": ("needs torch", "tests/replay/test_command.py", "--candidates"),
}
"""Pattern -> why commands like it are not run here, and the file and word that show where the like is run."""


def blocks(text):
    """The lines of all code blocks that may hold commands."""
    fence = None
    before = ""
    for line in text.splitlines():
        if mark := re.match(r"\s*(```+)\s*(\w*)", line):
            fence = None if fence is not None else mark[2]
        elif fence in ("", "sh", "bash", "console"):
            yield line.removeprefix("$ ")
        elif fence is None and line.startswith("    ") and (not before or before.startswith("    ")):
            yield line[4:]
        before = line


def commands_of(path):
    return [line for line in blocks(path.read_text(encoding="utf-8")) if PROGRAMS.match(line) and line[0] != " "]


def shown_in(path):
    """Lines of output that a page shows."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [line for language, block in fenced if not language for line in block.splitlines() if line != "..."]


COMMANDS = [(path, command) for path in PAGES for command in commands_of(path)]


def left_out(command):
    return next((pattern for pattern in LEFT_OUT if re.search(pattern, command)), None)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder as the pages suppose it."""
    home = tmp_path_factory.mktemp("docs")
    lay_out(home)
    (home / "data.jsonl").write_text(json.dumps({"query": "What is two and two?", "response": "Four."}))
    tutorial = (ROOT / "docs" / "tutorial" / "own-rules.md").read_text()
    (home / "my_rules.py").write_text(re.search(r"```python\n(.*?)```", tutorial, re.DOTALL)[1])
    old = os.getcwd()
    os.chdir(home)
    try:
        for name in ("data", "sample_data"):
            check(f"{name}/dataset_info.json", home / ".mmvalidate" / name)
    finally:
        os.chdir(old)
    return home


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=() if path.name in SHOWN else pytest.mark.proof) for path in PAGES if commands_of(path)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
@pytest.mark.usefixtures("undrawn")
def test_the_commands_of_a_page(path, place, tmp_path, monkeypatch, capsys):
    home = tmp_path / "home"
    shutil.copytree(place, home)
    monkeypatch.chdir(home)
    printed = set()
    for command in commands_of(path):
        if left_out(command):
            continue
        program, *arguments = shlex.split(command)
        assert program == "mmvalidate", f"{command}: run it here, or say in LEFT_OUT why not"
        monkeypatch.setattr(sys, "argv", ["mmvalidate", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert ended.value.code in (0, None, 1, 3), f"{command}: {said.err}"
        assert "Traceback" not in said.err and "internal error" not in said.err, command
        printed |= set(said.out.splitlines())
    if path.name in SHOWN:
        assert [line for line in shown_in(path) if line not in printed] == []


def test_what_is_left_out_is_met_and_run_elsewhere():
    assert len(COMMANDS) > 30
    for pattern, (_, file, word) in LEFT_OUT.items():
        assert any(re.search(pattern, command) for _, command in COMMANDS), f"no page has {pattern} any more"
        assert word in (ROOT / file).read_text(encoding="utf-8"), f"{pattern}: {file} does not run it"


def test_commands_in_sentences_have_the_options_that_they_name():
    known = commands()
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        spans = [" ".join(span.split()) for span in re.findall(r"`(mmvalidate [^`]+)`", text)]
        spans += [command for command in commands_of(path) if command.startswith("mmvalidate ")]
        for span in spans:
            words = span.split()[1:]
            command = known.get(words[0], known["check"])
            names = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
            names |= {name for param in known["check"].params for name in param.opts} if words[0] == "config" else set()
            names |= {"--help", "--version", "--install-completion"}
            options = {word.split("=")[0] for word in words if re.match(r"--[a-z]", word)}
            assert options <= names, f"{path}: {span}"


def test_links_lead_somewhere():
    for path in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.relative_to(ROOT)}: {target}"


@pytest.mark.proof
@pytest.mark.usefixtures("undrawn")
def test_the_first_screen_names_what_is_here_and_what_it_names_can_be_done(place, tmp_path, monkeypatch, capsys):
    words = welcome(place)
    monkeypatch.chdir(shutil.copytree(place, tmp_path / "home"))
    for command in re.findall(r"^  (mmvalidate .*)$", words, re.MULTILINE):
        monkeypatch.setattr(sys, "argv", shlex.split(command))
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (0, None, 1, 3), f"{command}: {capsys.readouterr().err}"
    assert "mmvalidate data/dataset_info.json" in words and "mmvalidate sample_data/dataset_info.json" in words
    assert "mmvalidate export .mmvalidate/" in words
    assert "mmvalidate DATA/dataset_info.json" in welcome(tmp_path)
