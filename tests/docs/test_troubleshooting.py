"""Every sentence that docs/troubleshooting.md quotes stands in the program, so that who searches for it finds it."""

import ast
import re
from functools import cache

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)


def text_of(node):
    """A text, or a text with values, which are written as three dots."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "..." for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return f"{text_of(node.left) or '...'}{text_of(node.right) or '...'}"
    return None


def plain(text):
    """White space as it is printed; quotation marks around values apart."""
    return re.sub(r"`\.\.\.`", "...", re.sub(r"\s+", " ", text)).replace("`", "")


@cache
def sentences():
    """Every text of the package, docstrings included."""
    files = (ROOT / "validator").rglob("*.py")
    nodes = (node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return [plain(text) for node in nodes if (text := text_of(node))]


@pytest.mark.parametrize("quoted", QUOTED)
def test_what_is_quoted_is_said(quoted):
    quoted = re.escape(quoted.rstrip(".").removesuffix(" ")).replace(re.escape("..."), ".*")
    assert any(re.search(quoted, sentence) for sentence in sentences())


def test_rules_that_are_linked_are_about_the_message():
    """A message of the trainer stands in the documentation of a rule that it leads to."""
    section = PAGE.split("## mmvalidate does not start")[0]
    for message, cell in re.findall(r"^\| `([^`]+)` \| (.*) \|$", section, re.MULTILINE):
        pages = [(ROOT / "docs" / "rules" / f"{code}.md").read_text() for code in re.findall(r"\[(\w+)\]", cell)]
        assert any(plain(message) in plain(page) for page in pages), message
