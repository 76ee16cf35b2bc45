"""Words of messages, helps and rule pages: plain English, without the expressions that were reworded."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

BANNED = (
    r"why it hurts",
    r"\bin silence\b",
    r"\bfor ever\b",
    r"\banew\b",
    r"\bmends?\b",
    r"\bfalsified\b",
    r"\bof one colour\b",
    r"\bon a ground\b",
    r"ends in a loop",
    r"over and over",
    r"\blook at (it|them);",
    r"correct the wrong",
    r"the weight is meant",
    r"carry the whole step",
    r"\bhide here\b",
    r"every one of the rows",
    r"neither passed nor failed",
    r"not checked to the end",
    r"all results were there",
    r"own default is",
    r"the threshold (is|was)",
    r"without loss",
    r"whose loader",
    r"the verdict of full",
    r"every so many",
    r"\bis known to stop it\b",
    r"\bbuffers race\b",
    r"^to know$",
    r"no such thing here",
    r"static pass says",
    r"blind healthy",
    r"hears nothing",
    r"\bis no (path|folder|file|text|baseline|key|hub|finished run|dataset registry|multiple|image|object)\b",
    r"\bare no (text|list|strings)\b",
    r"\blet expect\b",
    r"\band its kin\b",
    r"cures? no",
    r"as it stands",
)
"""Expressions that were reworded."""
_BANNED = re.compile("|".join(f"(?:{words})" for words in BANNED), re.IGNORECASE)
PROGRAM = ROOT / "validator"
RULES = PROGRAM / "rules"


def private(text: str) -> list[str]:
    """The banned expressions in a text, whose lines may be broken anywhere."""
    return [found.group() for found in _BANNED.finditer(" ".join(text.split()))]


def texts(source: str, *, documented: bool) -> Iterator[str]:
    """What a program may print: its strings, those of an f-string as one, and, where `documented`, the docstring of the
    module. Docstrings of the code are for its readers.
    """
    tree = ast.parse(source)
    if documented:
        yield ast.get_docstring(tree) or ""
    silent = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part for part in node.values if isinstance(part, ast.Constant)]
            silent |= set(map(id, parts))
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.value


def said(path: Path) -> list[str]:
    """The banned expressions in what a file may print."""
    found = texts(path.read_text(encoding="utf-8"), documented=path.parent == RULES)
    return [expression for text in found for expression in private(text)]


def test_messages_and_helps_are_plain():
    found = {str(path.relative_to(ROOT)): said(path) for path in sorted(PROGRAM.rglob("*.py"))}
    assert {path: expressions for path, expressions in found.items() if expressions} == {}


@pytest.mark.parametrize("place", ["docs/rules", "docs/commands"])
def test_pages_that_are_made_of_them_are_plain(place):
    found = {path.name: private(path.read_text(encoding="utf-8")) for path in sorted((ROOT / place).glob("*.md"))}
    assert found and {name: expressions for name, expressions in found.items() if expressions} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('hit(f"{turn} ends in a\\n loop: a short piece over and over")', ["ends in a loop", "over and over"]),
        ('hit(f"the image is of {what} one colour")', []),
        ('hit("the image "\n    "is of one colour")', ["of one colour"]),
        ('"""\n## Why it hurts\n"""', ["Why it hurts"]),
        ('def stop():\n    """The threshold is low."""', []),
        ('TITLE = "To know"', ["To know"]),
    ],
)
def test_a_banned_expression_is_found(source, found):
    assert [expression for text in texts(source, documented=True) for expression in private(text)] == found
