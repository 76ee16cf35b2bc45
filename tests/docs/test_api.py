"""Every Python block of docs/api.md is executed, in order; what it prints is the block that follows.

Packages that are not here are stand-ins that honour what the page relies on: tasks are run when their results are
needed, a callback is called as transformers calls it.
"""

import re
import sys
from functools import wraps
from types import ModuleType

import pytest

from tests.conftest import ROOT
from tests.docs.places import lay_out

PAGE = ROOT / "docs" / "api.md"
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)


def blocks():
    return [(code, shown or "") for code, shown in BLOCK.findall(PAGE.read_text(encoding="utf-8"))]


class Later:
    """What a task of Airflow returns while its DAG is made."""

    def __init__(self, function, arguments):
        self.function, self.arguments = function, arguments

    def value(self):
        return self.function(*(one.value() if isinstance(one, Later) else one for one in self.arguments))


def airflow():
    tasks = []

    def task(function=None, **options):
        def decorate(function):
            @wraps(function)
            def call(*arguments):
                tasks.append(Later(function, arguments))
                return tasks[-1]

            return call

        return decorate(function) if function else decorate

    def dag(**options):
        def decorate(function):
            def build():
                function()
                tasks[-1].value()

            return build

        return decorate

    return {"airflow": {}, "airflow.sdk": {"dag": dag, "task": task}}


def prefect():
    def decorator(function=None, **options):
        return function or decorator

    return {"prefect": {"flow": decorator, "task": decorator}}


class TrainerCallback:
    def on_init_end(self, args, state, control, **kwargs):
        raise AssertionError("the page overrides it")


class Frames:
    """Of polars and DuckDB: the file that is named is there; columns and steps are taken for right."""

    def __getattr__(self, name):
        return lambda *arguments, **options: self

    def __lt__(self, other):
        return self


def scan_parquet(path):
    assert path.is_file()
    return Frames()


def sql(query):
    assert (re.search(r"'(.*)'", query)[1]).endswith("findings.parquet")
    return Frames()


STAND_INS = {
    **airflow(),
    **prefect(),
    "transformers": {"TrainerCallback": TrainerCallback},
    "polars": {"scan_parquet": scan_parquet, "col": lambda name: Frames()},
    "duckdb": {"sql": sql},
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name, values in STAND_INS.items():
        module = ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr("validator.replaying.possible.find_spec", lambda name: None)  # torch may be here
    return tmp_path


@pytest.mark.usefixtures("undrawn", "home")
def test_the_blocks_of_the_page(capsys):
    names = {"__name__": "__main__"}
    for number, (code, shown) in enumerate(blocks()):
        exec(compile(code, f"block {number}", "exec"), names)
        assert capsys.readouterr().out == shown, code
    names["gate"].on_init_end(None, None, None, model=None)
    (readme,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.M)
    with pytest.raises(names["mmvalidate"].FailedCheckError, match="41 errors"):
        exec(readme, {})
    with pytest.raises(names["mmvalidate"].FailedCheckError, match="24 errors"):
        names["DataGate"]("runs/data").on_init_end(None, None, None, model=None)


def test_all_exceptions_are_in_the_table():
    import mmvalidate
    from validator import errors

    named = set(re.findall(r"^\| `(\w+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    ours = {name for name in vars(errors) if name.endswith("Error")}
    assert (named - {"ValueError", "OSError"}) | {"MmvalidateError"} == ours
    assert ours == {name for name in mmvalidate.__all__ if name.endswith("Error")}
