"""What import contracts (pyproject.toml, `lint-imports`) cannot see: what rules call, and what a start loads."""

import ast
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "validator"
UNLESS_ARROW_LOADS_IT = ["pandas"] if int(version("pyarrow").partition(".")[0]) >= 26 else []
"""Arrow before 26, the last for Python 3.10, loads pandas whenever it makes an array."""
READS = {"open", "read_text", "read_bytes", "iterdir", "glob", "rglob"}


@pytest.mark.parametrize("path", sorted((PACKAGE / "rules").glob("*.py")), ids=lambda path: path.stem)
def test_rules_open_no_files(path):
    calls = [node.func for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)]
    named = {call.id if isinstance(call, ast.Name) else getattr(call, "attr", "") for call in calls}
    assert not named & READS


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], ["torch", "transformers", "dask", "distributed", "pyarrow", "PIL", "pydantic", "datasets"]),
        (["rules"], ["torch", "transformers", "dask", "distributed", "datasets"]),
        (
            [str(PACKAGE.parent / "sample_data" / "dataset_info.json"), "--dataset", "phone_screens"],
            ["torch", "transformers", "dask", "distributed", "datasets", "jinja2", *UNLESS_ARROW_LOADS_IT],
        ),
    ],
)
def test_static_path_is_light(arguments, absent, tmp_path):
    code = (
        "import sys, atexit\n"
        f"sys.argv = ['mmvalidate', *{arguments!r}]\n"
        f"atexit.register(lambda: print('LOADED', sorted(set({absent!r}) & set(sys.modules)), file=sys.stderr))\n"
        "from validator.cli.main import main\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "LOADED []" in done.stderr


def test_no_name_of_a_class_stands_for_two_things():
    found = Counter(
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, times in found.items() if times > 1] == []
