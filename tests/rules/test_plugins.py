"""Rules of a user's own: from a file, from an installed package, and what is said of those that are wrong."""

import re
import shutil
import sys

import pytest

from tests.conftest import ROOT, check, say
from tests.engine.written import written
from validator.engine.rejudge import rejudge, settings_of
from validator.engine.run_files.finished import FinishedRun
from validator.execution import Execution
from validator.rules.plugins import installed_rules

TUTORIAL = ROOT / "docs" / "tutorial" / "my_rules.py"
MANY, FEW = (say("<image>" * number + "a", "b", images=["a.png"] * number) for number in (5, 4))
CORPUS_RULE = '''
"""How many rows there are."""
from dataclasses import dataclass
from validator.rules.base import CorpusCheck, Hit, corpus_rule

@dataclass
class Rows:
    number: int = 0

def fold(rows, case):
    rows.number += 1

def finish(rows, entry):
    yield Hit(f"{rows.number} rows", "None.")

RULE = corpus_rule("MY002", "row-count", "info",
                   CorpusCheck(finish, Rows, fold, lambda a, b: Rows(a.number + b.number)))
'''
HEAD = "from validator.rules.base import row_rule, Hit\n"
WRONG = {
    "not there": (None, "The rules of {} cannot be read: No such file or directory."),
    "no rule": ("x = 1", "{} contains no rule: make one with row_rule or corpus_rule."),
    "no Python": ("def", "The rules of {} cannot be loaded: SyntaxError: "),
    "an error in it": ("1 / 0", "The rules of {} cannot be loaded: ZeroDivisionError: division by zero."),
    "our family": (
        HEAD + "@row_rule('PH900', 'a', 'info')\ndef f(case): ...",
        "{}: the code PH900 is not for a plug-in.",
    ),
    "an odd name": (
        HEAD + "@row_rule('MY003', 'A b', 'info')\ndef f(case): ...",
        "{}: the name A b of MY003 must be small",
    ),
    "a name of ours": (
        HEAD + "@row_rule('MY003', 'empty-answer', 'info')\ndef f(case): ...",
        "Two rules are called empty-answer. Change that of the plug-in.",
    ),
}


@pytest.mark.proof
def test_the_tutorial(dataset):
    """The rule of the tutorial is as short as it says, in one process, in two, and judged again."""
    assert len(TUTORIAL.read_text().splitlines()) <= 20
    assert TUTORIAL.read_text() in (ROOT / "docs" / "tutorial" / "own-rules.md").read_text()
    dataset.image("a.png")
    dataset.write([FEW, MANY] * 20)
    _, findings = dataset.check(rules=(TUTORIAL,), select=("MY001",), options=Execution(workers=0, shard_rows=3))
    assert [(finding["row"], finding["message"]) for finding in findings] == [
        (row, "5 images in one row") for row in range(1, 40, 2)
    ]
    folder = dataset.folder
    check(dataset.registry, folder / "two", Execution(workers=2, shard_rows=3), rules=(TUTORIAL,), select=("MY001",))
    check(dataset.registry, folder / "none", select=("MY001", "PH"), rules=(TUTORIAL,))
    settings = settings_of(FinishedRun(folder / "none"), {"select": ("MY001",), "rules": (TUTORIAL,)})
    rejudge(FinishedRun(folder / "none"), settings, folder / "again")
    assert written(folder / "two")[1] == written(folder / "run")[1] == written(folder / "again")[1]


def test_a_changed_rule_is_asked_again(dataset, tmp_path):
    rule = tmp_path / "rules.py"
    dataset.write([say("a", "b"), say("c", "d")])
    for word in ("one", "two"):
        rule.write_text(HEAD + f"@row_rule('MY003', 'word', 'info')\ndef f(case):\n    return [Hit('{word}', 'None.')]")
        assert [finding["message"] for finding in dataset.check(rules=(rule,), select=("MY",))[1]] == [word, word]


def test_a_corpus_rule(dataset, tmp_path):
    (tmp_path / "rows.py").write_text(CORPUS_RULE)
    dataset.write([say(str(number), "b") for number in range(30)])
    findings = dataset.check(
        rules=(tmp_path / "rows.py",), select=("MY002",), options=Execution(workers=0, shard_rows=7)
    )[1]
    assert [finding["message"] for finding in findings] == ["30 rows"]


@pytest.mark.parametrize("name", WRONG)
def test_wrong_rules_end_in_a_sentence(dataset, mmvalidate, tmp_path, name):
    text, sentence = WRONG[name]
    path = tmp_path / "wrong.py"
    if text is not None:
        path.write_text(text)
    dataset.write([say("a", "b")])
    for done in (mmvalidate(dataset.registry, "--rules", path), mmvalidate("rules", "--rules", path)):
        assert done.returncode == 2 and "Traceback" not in done.stderr
        assert sentence.format(path) in done.stderr


def test_a_rule_that_fails_ends_the_run(dataset, mmvalidate, tmp_path):
    """A row that a rule could not judge must not count as passed."""
    (tmp_path / "fails.py").write_text(HEAD + "@row_rule('MY003', 'fails', 'info')\ndef f(case):\n    yield 1 / 0")
    dataset.write([say("a", "b")])
    done = mmvalidate(dataset.registry, "--rules", tmp_path / "fails.py")
    assert done.returncode == 3 and "Traceback" not in done.stderr
    assert f"the rule MY003 of {tmp_path / 'fails.py'} failed: ZeroDivisionError: division by zero" in done.stderr


def test_an_installed_package(dataset, monkeypatch, tmp_path):
    """An entry point of the group `mmvalidate.rules` names a module with rules."""
    package = tmp_path / "site"
    (package / "screens-1.0.dist-info").mkdir(parents=True)
    shutil.copy(TUTORIAL, package / "screen_rules.py")
    (package / "screens-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: screens\nVersion: 1.0\n")
    points = "[mmvalidate.rules]\nscreens = screen_rules\n"
    (package / "screens-1.0.dist-info" / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(package))
    installed_rules.cache_clear()
    try:
        dataset.image("a.png")
        dataset.write([FEW, MANY])
        findings = dataset.check(select=("MY",))[1]
        assert [(finding["code"], finding["row"]) for finding in findings] == [("MY001", 1)]
        assert {rule.origin for rule in installed_rules()} == {"screens 1.0"}
    finally:
        installed_rules.cache_clear()
        sys.modules.pop("screen_rules", None)


def test_explained_and_listed(mmvalidate):
    assert re.search(r"^MY001 +warning", mmvalidate("rules", "--rules", TUTORIAL).stdout, re.MULTILINE)
    assert "sets of four" in mmvalidate("rule", "too-many-screens", "--rules", TUTORIAL).stdout
