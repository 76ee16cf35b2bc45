"""Nothing that came with the data is run: rules, schedulers and places come from the command line, not from files."""

import hashlib
import importlib.util
import json
import os
import py_compile
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import say

HEAD = '"""Every row has something.\n\nIt is why."""\n'
RULE = "from validator.rules.base import Hit, row_rule\n"
RULE += "@row_rule('MY001', 'something', 'error')\ndef f(case):\n    yield Hit('something', 'None.')\n"


@pytest.fixture
def mark(tmp_path):
    """A file that exists once the rules have been loaded."""
    return tmp_path / "loaded"


@pytest.fixture
def rules(dataset, mark):
    """A file of rules beside the data; the working folder is the data's, as after `cd`."""
    dataset.write([say("a", "b"), say("c", "d")])
    path = dataset.folder / "theirs.py"
    path.write_text(f"{HEAD}open({str(mark)!r}, 'a').close()\n{RULE}")
    return path


@pytest.fixture
def run(rules, mark, mmvalidate, dataset):
    """A finished run that was judged by them."""
    done = mmvalidate(dataset.registry, "--rules", rules, "--run-dir", "run", "--report", "sarif=a.sarif")
    assert done.returncode == 1 and mark.exists(), done.stderr
    mark.unlink()
    return dataset.folder / "run"


@pytest.mark.parametrize("name", ["mmvalidate.toml", "pyproject.toml"])
def test_a_settings_file_names_rules(dataset, mmvalidate, rules, mark, name, monkeypatch):
    table = "" if name == "mmvalidate.toml" else "[tool.mmvalidate]\n"
    (dataset.folder / name).write_text(f'{table}rules = ["theirs.py"]\n')
    for words in ((), ("--config", name)):
        done = mmvalidate(dataset.registry, *words)
        assert (done.returncode, done.stdout) == (2, "") and not mark.exists()
        assert re.search(
            rf"{name} names code to run or places outside its folder \(rules = \S*theirs.py\)", done.stderr
        )
        assert "add --trust if it is yours, or --no-trust to go without." in done.stderr
    done = mmvalidate(dataset.registry, "--no-trust")
    assert done.returncode == 0 and not mark.exists()
    done = mmvalidate(dataset.registry, "--trust")
    assert done.returncode == 1 and mark.exists()
    digest = hashlib.sha256(rules.read_bytes()).hexdigest()[:16]
    assert f"third-party rules that ran: {rules} (SHA-256 {digest})" in done.stdout.replace("\n", " ")
    mark.unlink()
    monkeypatch.setenv("MMVALIDATE_TRUST", "1")
    assert mmvalidate(dataset.registry, "--no-resume").returncode == 1 and mark.exists()


def test_rules_named_by_the_user_run(dataset, mmvalidate, rules, mark, monkeypatch):
    (dataset.folder / "mmvalidate.toml").write_text('rules = ["none.py"]\n')
    assert mmvalidate(dataset.registry, "--rules", rules).returncode == 1 and mark.exists()
    mark.unlink()
    monkeypatch.setenv("MMVALIDATE_RULES", str(rules))
    assert mmvalidate(dataset.registry, "--no-resume").returncode == 1 and mark.exists()


def test_a_file_cannot_trust_itself(dataset, mmvalidate, rules, mark):
    (dataset.folder / "mmvalidate.toml").write_text('rules = ["theirs.py"]\ntrust = true\n')
    done = mmvalidate(dataset.registry)
    assert done.returncode == 2 and "there is no setting trust." in done.stderr and not mark.exists()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('scheduler = "tcp://127.0.0.1:9"', "scheduler = tcp://127.0.0.1:9"),
        ('run-dir = "../elsewhere"', "run-dir = {}/../elsewhere"),
        ('report = {junit = "../x.xml"}', "report = {}/../x.xml"),
        ('report = {junit = "link/x.xml"}', "report = {}/link/x.xml"),
    ],
)
def test_other_values_that_a_settings_file_may_not_choose(dataset, mmvalidate, tmp_path_factory, text, named):
    dataset.write([say("a", "b")])
    folder = dataset.folder / "in"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path_factory.mktemp("home"))
    (folder / "mmvalidate.toml").write_text(text)
    done = mmvalidate(dataset.registry, cwd=folder)
    assert done.returncode == 2 and f"({named.format(folder)})" in done.stderr
    assert mmvalidate(dataset.registry, "--no-trust", cwd=folder).returncode == 0
    assert not (dataset.folder / "elsewhere").exists() and not (dataset.folder / "x.xml").exists()
    assert not list((folder / "link").iterdir())


def test_reports_inside_the_folder_need_no_trust(dataset, mmvalidate):
    dataset.write([say("a", "b")])
    (dataset.folder / "mmvalidate.toml").write_text('report = {junit = "out/x.xml"}\nrun-dir = "kept"')
    assert mmvalidate(dataset.registry).returncode == 0
    assert (dataset.folder / "out" / "x.xml").exists() and (dataset.folder / "kept" / "summary.json").exists()


SPEAKING = {
    "report": ("report", "run", "--output-format", "full", "--report", "html=a.html", "--report", "sarif=b.sarif"),
    "junit": ("report", "run", "--report", "junit=a.xml"),
    "diff": ("diff", "run", "run"),
    "plan": ("plan", "run", "--cutoff-len", "100"),
    "export": ("export", "run", "--to", "copy", "--no-check", "--keep", "MY"),
}


@pytest.mark.parametrize("name", SPEAKING)
def test_what_can_be_said_of_a_run_without_its_rules(run, mark, mmvalidate, name, dataset):
    done = mmvalidate(*SPEAKING[name])
    assert done.returncode == 0, done.stderr
    assert not mark.exists()
    if name == "report":
        assert "MY001" in done.stdout and "It is why." in (dataset.folder / "a.html").read_text()
        assert (dataset.folder / "a.sarif").read_bytes() == (dataset.folder / "b.sarif").read_bytes()
        assert "Every row has something." in (dataset.folder / "b.sarif").read_text()


JUDGING = {
    "rejudge": ("rejudge", "run", "--cutoff-len", "100"),
    "baseline": ("rejudge", "run", "--write-baseline", "base.json"),
    "export": ("export", "run", "--to", "copy", "--keep", "MY"),
    "export --fix": ("export", "run", "--to", "copy", "--keep", "MY", "--no-check", "--fix"),
}


@pytest.mark.parametrize("name", JUDGING)
def test_what_needs_the_rules_of_a_run_asks(run, rules, mark, mmvalidate, name, dataset):
    done = mmvalidate(*JUDGING[name])
    assert (done.returncode, done.stdout) == (2, "") and not mark.exists()
    assert f"run was judged by rules of {rules} too, and code that a run names is not run unasked" in done.stderr
    assert not (dataset.folder / "copy").exists() and not (dataset.folder / "base.json").exists()
    done = mmvalidate(*JUDGING[name], "--no-trust")
    assert done.returncode == 0 and not mark.exists(), done.stderr


@pytest.mark.parametrize("words", [("--trust",), ("--rules", "theirs.py")])
def test_a_run_judged_again_by_its_rules(run, mark, mmvalidate, words):
    assert mmvalidate("rejudge", "run", *words).returncode == 1 and mark.exists()
    summary = json.loads((run / "summary.json").read_text())
    assert [told["code"] for told in summary["plugins"]] == ["MY001"]


def test_the_source_runs_and_nothing_compiled_beside_it(dataset, mmvalidate, mark, tmp_path):
    """A file in __pycache__ with the source's time and size is what Python's own import would run."""
    dataset.write([say("a", "b")])
    source, other = dataset.folder / "mine.py", tmp_path / "other.py"
    source.write_text(HEAD + "#" * 99 + "\n" + RULE)
    other.write_text(f"open({str(mark)!r}, 'a').close()\n{RULE}")
    code = importlib.util.cache_from_source(str(source))
    py_compile.compile(str(other), code, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    done = mmvalidate(dataset.registry, "--rules", source, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})
    assert done.returncode == 1 and not mark.exists()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Dask's processes look into the working folder before 3.11")
def test_modules_in_the_working_folder_are_not_imported(dataset, mark):
    """The working folder is often the data's, and `python -c`, which starts workers, looks there first."""
    dataset.write([say(str(number), "b") for number in range(8)])
    for name in ("multiprocessing", "distributed", "orjson"):
        (dataset.folder / f"{name}.py").write_text(f"open({str(mark)!r}, 'a').close()\nraise SystemExit(9)\n")
    command = [Path(sys.executable).with_name("mmvalidate"), dataset.registry, "--workers", "1", "--shard-rows", "2"]
    done = subprocess.run(command, cwd=dataset.folder, capture_output=True, text=True, timeout=120)
    assert not mark.exists() and done.returncode == 0, done.stderr


def test_a_registry_names_the_reader_of_pickles(dataset, monkeypatch):
    """`load_dataset("pandas", data_dir=...)` unpickled files before datasets 5."""
    monkeypatch.setattr("datasets.load_dataset", lambda *_, **__: pytest.fail("it was asked to read them"))
    dataset.write([say("a", "b")], hf_hub_url="pandas", folder="here")
    result, _ = dataset.check(datasets=("data",))
    (entry,) = result.summary["unchecked_entries"]
    assert entry["reason"] == "`pandas` reads pickles, which can run code when they are read"
    assert result.summary["exit_code"] == 3
