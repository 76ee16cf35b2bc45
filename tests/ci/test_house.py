"""What tests may import: helpers of their own, never each other, and of scripts what is tested or makes their data."""

import ast

import pytest

from tests.conftest import ROOT
from tests.helpers.names import name_of

FILES = sorted((ROOT / "tests").rglob("*.py"))
MAKERS = {
    "sample_faults": "damaged and turned files, as in sample_data",
    "synthetic_rows": "rows of any number",
    "replay_jobs": "samples to replay, from a registry",
    "tiny_checkpoint": "the model that is replayed",
}
TESTED = {"generate", "make_command_docs", "make_training_arguments", "fuzz", "experiments"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_no_test_imports_another():
    """What two tests need stands in a module of its own."""
    named = {(path.name, name) for path in FILES for name in imports(path) if name.startswith("tests.")}
    assert {(path, name) for path, name in named if ".test_" in name.rpartition(".")[0]} == set()


def test_scripts_are_imported_where_they_are_meant():
    named = {(path.name, name) for path in FILES for name in imports(path) if name.startswith("scripts.")}
    assert {(path, name) for path, name in named if name.split(".")[1] not in MAKERS.keys() | TESTED} == set()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"max_rate": {"CV002": 1}, "strict": True}, "max_rate CV002 1, strict True"),
        ([("a", None), {1}], "a None set"),
        ((), "nothing"),
        (b"\xff\x00a", r"\xff\x00a"),
        ("x" * 100, "x" * 57 + "..."),
        (5, None),
    ],
)
def test_cases_are_named_in_words(value, name):
    assert name_of(value) == name
