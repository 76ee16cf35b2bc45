"""The names of the face: where they come from, what loading them costs, what is said where another lies there."""

import importlib
import inspect
import os
import subprocess
import sys
import types

import pytest

import mmvalidate
import validator
from tests.conftest import ROOT


@pytest.mark.parametrize("package", [validator, mmvalidate], ids=["validator", "mmvalidate"])
def test_every_name_is_there_and_no_other(package):
    assert dir(package) == sorted(package.__all__) == package.__all__
    assert all(getattr(package, name) is getattr(validator, name) for name in package.__all__)
    with pytest.raises(AttributeError, match=rf"^module '{package.__name__}' has no attribute 'chek'$"):
        package.chek  # noqa: B018
    assert not hasattr(mmvalidate, "engine")


def public(name):
    """A name and what it offers: functions of a class too, if they are ours."""
    thing = getattr(mmvalidate, name)
    yield name, thing
    if inspect.isclass(thing):
        for inner, value in vars(thing).items():
            if not inner.startswith("_") and isinstance(value, types.FunctionType):
                yield f"{name}.{inner}", value


NAMES = [item for name in mmvalidate.__all__ if name != "__version__" for item in public(name)]


@pytest.mark.parametrize(("name", "thing"), NAMES, ids=[name for name, _ in NAMES])
def test_every_name_is_documented_and_typed(name, thing):
    assert inspect.getdoc(thing)
    if inspect.isfunction(thing):
        parameters = [one for one in inspect.signature(thing).parameters.values() if one.name != "self"]
        assert all(one.annotation is not one.empty for one in parameters)
        assert inspect.signature(thing).return_annotation is not inspect.Signature.empty


def python(code, cwd, **environment):
    path = os.pathsep.join(filter(None, [environment.pop("first", ""), str(ROOT)]))
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
    )


def test_importing_it_loads_next_to_nothing(tmp_path):
    heavy = ("pandas", "pyarrow", "pydantic", "torch", "numpy", "typer", "rich", "dask", "PIL")
    code = f"import sys, mmvalidate\ndir(mmvalidate)\nprint([name for name in {heavy} if name in sys.modules])"
    done = python(code, tmp_path)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize("name", ["validator/__init__.py", "validator.py", "validator/settings.py"])
def test_a_stranger_in_its_place_is_named_and_not_run(tmp_path, name):
    path = tmp_path / "strange" / name
    path.parent.mkdir(parents=True)
    path.write_text("print('ran')")
    done = python("import mmvalidate", tmp_path, first=str(tmp_path / "strange"))
    ended = "ImportError: The package `validator` that is found here is not mmvalidate's: another distribution of that "
    ended += "name lies in its place. Install mmvalidate in an environment of its own."
    if name == "validator/settings.py":  # a folder without code of its own stands behind every package
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    else:
        assert (done.returncode, done.stdout, done.stderr.splitlines()[-1]) == (1, "", ended)


def test_it_is_a_command_too(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "validator", "--version"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, f"mmvalidate {mmvalidate.__version__}\n")


SCRIPT = """
from pathlib import Path

import mmvalidate
from mmvalidate import Execution, Finding, Row, Run, Settings


def gate(registry: Path) -> list[str]:
    settings = Settings(dataset_info=str(registry), cutoff_len=4096)
    run: Run = mmvalidate.check(settings, execution=Execution(workers=0)).raise_for_findings()
    found: list[Finding] = list(run.findings)
    row: Row = run.row(found[0])
    ids: list[int] = row.input_ids
    total = sum(sample["num_tokens"] or 0 for sample in run.samples)
    best = mmvalidate.plan(run, cutoff_len=[total, len(ids)]).recommended
    done = mmvalidate.export(run, "clean", drop_on="warning", media="copy")
    copy = mmvalidate.check_copy(done)
    return [finding.code for finding in found] + [str(best.cutoff_len), str(mmvalidate.diff(run, copy).new_errors)]


mmvalidate.export("run", "clean", drop_on="bad")  # type: ignore[arg-type]
"""


@pytest.mark.proof
def test_a_script_that_uses_it_is_typed_strictly(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", ROOT / "pyproject.toml", tmp_path / "script.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", mmvalidate.__all__)
def test_types_say_where_a_name_comes_from(name):
    """For type checkers the names are imported; for all else they are looked up in a table: both must be the same."""
    if name == "__version__":
        return
    (home,) = (home for home, names in validator._HOMES.items() if name in names)
    assert getattr(importlib.import_module(f"validator.{home}"), name) is getattr(validator, name)
    source = (ROOT / "validator" / "__init__.py").read_text(encoding="utf-8").split("__version__")[0]
    assert f"from validator.{home} import" in source and name in source
