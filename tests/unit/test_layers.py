"""Imports run only downwards, and the static path stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "validator"
LAYERS = [
    {"assets"},
    {"trainer"},
    {"settings", "findings", "files", "named_file", "json_text", "writing", "children"},
    {"run_folder"},
    {"catalog"},
    {"conversation"},
    {"media"},
    {"tokens"},
    {"facts"},
    {"training"},
    {"checkpoint"},
    {"rules"},
    {"engine"},
    {"planning"},
    {"replay"},
    {"export"},
    {"audit"},
    {"report"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("validator."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (name.name.split(".")[1] for name in node.names if name.name.startswith("validator."))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downwards(path):
    mine = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if mine == "__init__":
        return
    for other in imports(path):
        assert LEVEL[other] <= LEVEL[mine], f"{mine} imports {other}"


def test_media_knows_no_conversation():
    for path in (PACKAGE / "media").glob("*.py"):
        assert not {"conversation", "catalog"} & set(imports(path)), path


def test_rules_open_no_files():
    for path in (PACKAGE / "rules").glob("*.py"):
        assert "media.probe" not in path.read_text(encoding="utf-8"), path
        assert "open(" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], ["torch", "transformers", "dask", "distributed", "pyarrow", "PIL", "pydantic", "datasets"]),
        (["rules"], ["torch", "transformers", "dask", "distributed", "datasets"]),
        (
            [str(PACKAGE.parent / "sample_data" / "dataset_info.json"), "--dataset", "phone_screens"],
            ["torch", "transformers", "dask", "distributed", "datasets", "pandas", "jinja2"],
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
