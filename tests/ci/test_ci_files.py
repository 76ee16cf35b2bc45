"""The action, the hook and the template: valid by their hosts' schemas, and their shell does what it says."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.conftest import ROOT, Dataset, say
from validator import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCHEMAS = files("check_jsonschema") / "builtin_schemas" / "vendor"


def load(path):
    """A YAML file; `on` stays a word, and GitLab's own tags are passed over."""
    return yaml.load((ROOT / path).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("action.yml", "github-actions"),
        (".github/workflows/sample-data.yml", "github-workflows"),
        (".github/workflows/docs.yml", "github-workflows"),
        ("ci/gitlab.yml", "gitlab-ci"),
    ],
)
def test_hosts_take_the_files(path, schema):
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", ROOT / path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_action_says_of_itself():
    action = load("action.yml")
    runs = [step for step in action["runs"]["steps"] if "run" in step]
    for step in runs:
        assert "${{" not in step["run"], "inputs reach the shell through the environment only"
        assert step["shell"] == "bash"
    workflow = load(".github/workflows/sample-data.yml")
    given = {key for job in workflow["jobs"].values() for step in job["steps"] for key in step.get("with", {})}
    assert given <= set(action["inputs"])
    documented = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    for name in action["inputs"]:
        assert f"`{name}`" in documented


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The action's own install step, run for real on a copy of the repository, with the dependencies that are here."""
    base = tmp_path_factory.mktemp("runner")
    source = base / "action"
    command = ["git", "ls-files", "-z", "validator", "pyproject.toml", "README.md", "LICENSE"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, names.stdout.split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    step = next(step for step in load("action.yml")["runs"]["steps"] if step["name"] == "Install mmvalidate")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "PYTHONPATH"))},
        "RUNNER_TEMP": str(base / "temp"),
        "ACTION_PATH": str(source),
        "PIP_NO_DEPS": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    (base / "temp").mkdir()
    done = bash(step["run"], base, environment)
    assert done.returncode == 0, done.stderr
    packages = next((base / "temp" / "mmvalidate" / "lib").glob("python*/site-packages"))
    (packages / "tests.pth").write_text(str(next(Path(path) for path in sys.path if path.endswith("site-packages"))))
    return environment


@pytest.mark.proof  # installs the package anew
def test_the_installed_package_has_the_version_of_the_source(installed):
    """`validator/__init__.py` is the one place; the packaging reads it from there."""
    home = Path(installed["RUNNER_TEMP"])
    ask = "import importlib.metadata as m; print(m.version('mmvalidate'), m.metadata('mmvalidate')['Author'])"
    command = [home / "mmvalidate" / "bin" / "python", "-c", ask]
    done = subprocess.run(command, capture_output=True, text=True, cwd=home, env=installed, check=True)
    assert done.stdout.strip() == f"{__version__} mmvalidate maintainers"


def bash(script, folder, environment):
    """Run a step as GitHub does."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


class Checkout:
    """A repository with data in it, and the action's check step."""

    def __init__(self, folder, installed):
        self.folder = folder
        (folder / "data").mkdir()
        self.data = Dataset(folder / "data")
        self.environment = {
            **installed,
            "GITHUB_WORKSPACE": str(folder),
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            "RUNNER_TEMP": installed["RUNNER_TEMP"],
        }
        shutil.rmtree(self.reports, ignore_errors=True)

    @property
    def reports(self):
        return Path(self.environment["RUNNER_TEMP"]) / "mmvalidate-reports"

    def check(self, args="", dataset_info="data/dataset_info.json"):
        for name in ("output", "summary.md"):
            (self.folder / name).unlink(missing_ok=True)
        step = next(step for step in load("action.yml")["runs"]["steps"] if step["name"] == "Check")
        return bash(step["run"], self.folder, {**self.environment, "DATASET_INFO": dataset_info, "ARGS": args})

    def outputs(self):
        return dict(line.split("=", 1) for line in (self.folder / "output").read_text().splitlines())


@pytest.fixture
def checkout(tmp_path, installed):
    return Checkout(tmp_path, installed)


ROWS = [say("a", "b"), say("<image>", "b", images=["gone.png"])]


@pytest.mark.proof  # installs the package anew
def test_the_actions_check(checkout):
    checkout.data.write(ROWS)
    done = checkout.check()
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[0].startswith("::error file=data/data.jsonl,line=2,title=MD001 media-missing::")
    assert checkout.outputs() == {"exit-code": "1", "reports": str(checkout.reports)}
    assert (checkout.folder / "summary.md").read_text() == (checkout.reports / "summary.md").read_text()
    names = sorted(path.name for path in checkout.reports.iterdir())
    assert names == ["findings.parquet", "findings.sarif", "junit.xml", "report.html", "summary.md"]
    assert json.loads((checkout.reports / "findings.sarif").read_text())["runs"][0]["results"]


@pytest.mark.proof  # installs the package anew
def test_the_actions_options(checkout):
    checkout.data.write(ROWS)
    done = checkout.check("--max-rate MD=50\n  --min-rows 2")
    assert done.returncode == 0 and "rate kept: MD in 1 of 2 rows: 50%, limit 50%" in done.stdout
    assert checkout.check("--min-rows 3 $(touch owned) ; touch owned").returncode == 2  # words, no shell
    assert not (checkout.folder / "owned").exists()
    assert checkout.outputs()["exit-code"] == "2"
    done = checkout.check("--dataset nobody")
    assert done.returncode == 2 and done.stdout.startswith("::error title=mmvalidate::bad usage")
    (checkout.folder / "mmvalidate.toml").write_text('dataset-info = "data/dataset_info.json"\nexit-zero = true')
    assert checkout.check(dataset_info="").returncode == 0


@pytest.mark.proof  # installs the package anew
def test_the_action_checks_only_what_changed(checkout):
    """The restored cache answers for rows and images that are the same, whatever times a checkout gives them."""
    for number in range(3):
        checkout.data.image(f"{number}.png", (56, 56 + number))
    rows = [say(f"<image>{number}", "b", images=[f"{number}.png"]) for number in range(3)]
    checkout.data.write(rows)
    assert checkout.check().returncode == 0
    run = checkout.folder / ".mmvalidate" / "action"
    kept = checkout.folder / "kept"
    (run / "cache").rename(kept)
    shutil.rmtree(run)
    run.mkdir()
    kept.rename(run / "cache")  # what the cache action brings back
    for path in checkout.data.folder.iterdir():
        os.utime(path, (1, 1))
    summary = run / "summary.json"
    assert checkout.check().returncode == 0
    assert json.loads(summary.read_text())["timing"]["engine"] == "no changes; cached results used"
    checkout.data.image("1.png", (60, 60))
    assert checkout.check().returncode == 0
    assert json.loads(summary.read_text())["timing"]["engine"] == "one process"


@pytest.mark.proof  # installs the package anew
def test_the_workflow_on_sample_data(checkout):
    """Each job's use of the action, on a copy of sample_data: the good rows pass, the planted ones are found."""
    shutil.copytree(ROOT / "sample_data", checkout.folder / "sample_data")
    codes = {}
    for name, job in load(".github/workflows/sample-data.yml")["jobs"].items():
        given = next(step["with"] for step in job["steps"] if step.get("uses") == "./")
        codes[name] = checkout.check(given["args"], given["dataset-info"]).returncode
    assert codes == {"good-rows": 0, "planted-rows": 1}


@pytest.mark.proof  # installs the package anew
def test_the_hook(dataset, mmvalidate, installed):
    """What pre-commit would run, with the registry in the hook's args."""
    hook = load(".pre-commit-hooks.yaml")[0]
    assert hook["pass_filenames"] == "false" and hook["language"] == "python"
    dataset.write(ROWS)
    command = [*hook["entry"].split(), "dataset_info.json"]
    program = Path(installed["RUNNER_TEMP"]) / "mmvalidate" / "bin" / command[0]
    done = subprocess.run([program, *command[1:]], cwd=dataset.folder, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr == ""
    assert done.stdout.splitlines()[0] == "data.jsonl:2: MD001 [error] row 1: the image `gone.png` does not exist"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("data/dataset_info.json", True),
        ("data/train.jsonl", True),
        ("img/a.JPG", False),
        ("img/a.jpeg", True),
        ("src/x.py", False),
    ],
)
def test_the_hooks_files(path, wanted):
    assert bool(re.search(load(".pre-commit-hooks.yaml")[0]["files"], path)) is wanted


@pytest.mark.proof  # installs the package anew
def test_the_gitlab_template(checkout, installed):
    """The script of the job, with the variables that GitLab would set."""
    job = load("ci/gitlab.yml")[".mmvalidate"]
    checkout.data.write(ROWS)
    (checkout.folder / ".mmvalidate-venv").symlink_to(Path(installed["RUNNER_TEMP"]) / "mmvalidate")
    environment = {
        **installed,
        **job["variables"],
        "MMVALIDATE_REGISTRY": "data/dataset_info.json",
        "CI_PROJECT_DIR": str(checkout.folder),
    }
    done = bash("\n".join(job["script"]), checkout.folder, environment)
    assert done.returncode == 1, done.stderr
    reports = job["artifacts"]["reports"]
    issue = json.loads((checkout.folder / reports["codequality"]).read_text())[0]
    assert issue["location"] == {"path": "data/data.jsonl", "lines": {"begin": 2}}
    assert (checkout.folder / reports["junit"]).exists()
    assert job["cache"]["paths"] == [".mmvalidate/ci/cache/"]
    assert (checkout.folder / job["cache"]["paths"][0]).is_dir()


def test_settings_in_the_docs_are_settings():
    """Every TOML block of docs/ci.md and docs/settings.md is a valid settings file."""
    schema = json.loads((ROOT / "schemas" / "mmvalidate.schema.json").read_text())
    blocks = [
        block
        for name in ("ci", "settings")
        for block in re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / f"{name}.md").read_text(), re.DOTALL)
    ]
    assert len(blocks) >= 3
    for block in blocks:
        content = tomllib.loads(block)
        jsonschema.validate(content.get("tool", {}).get("mmvalidate", content), schema)
