"""This repository's own workflows, hooks and forms: what they name is there, and a release refuses what is none."""

import os
import re
import subprocess

import pytest
import yaml

from tests.conftest import ROOT
from validator import __version__

NOTES = "## [Unreleased]\n\n## [0.1.0] - 2026-12-01\n\nAll.\n\n## [0.0.9] - 2026-01-01\n"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def load(path):
    return yaml.load((ROOT / path).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_have_bounds_and_few_rights(path):
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert int(job["timeout-minutes"]) <= 180, name
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), "what GitHub fills in reaches the shell by variables"


def test_ci_runs_what_a_developer_runs_under_every_python_that_is_promised():
    jobs = load(".github/workflows/ci.yml")["jobs"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert jobs["quick"]["strategy"]["matrix"]["python"] == re.findall(r"Python :: (3\.\d+)", project)
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert {"./scripts/test", "./scripts/test --all", "./scripts/generate --check"} <= set(commands)
    assert [name for name, job in jobs.items() if job.get("continue-on-error") == "true"] == ["elsewhere"]


def test_what_caches_are_keyed_by_is_there():
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    for keys in re.findall(r"hashFiles\((.*?)\)", text):
        for pattern in re.findall(r"'(.*?)'", keys):
            assert any(ROOT.glob(pattern)), pattern


def release(folder, tag, version, changelog):
    """The first step of a release, on a tag."""
    (folder / "validator").mkdir()
    (folder / "validator" / "__init__.py").write_text(f'"""A face."""\n\n__version__ = "{version}"\n')
    (folder / "CHANGELOG.md").write_text(changelog)
    steps = load(".github/workflows/release.yml")["jobs"]["build"]["steps"]
    script = next(step["run"] for step in steps if "TAG" in step.get("env", {}))
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=os.environ | {"TAG": tag}, capture_output=True, text=True)


def test_a_release_has_the_notes_of_its_version(tmp_path):
    done = release(tmp_path, "v0.1.0", "0.1.0", NOTES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "notes" / "notes.md").read_text() == "\nAll.\n\n"


@pytest.mark.parametrize(
    ("tag", "version", "changelog", "said"),
    [
        ("v0.2.0", "0.1.0", "", "the tag is v0.2.0, validator/__init__.py says 0.1.0"),
        ("0.1.0", "0.1.0", "", "the tag is 0.1.0, validator/__init__.py says 0.1.0"),
        ("v0.1.0", "0.1.0", "## [0.1.0] - unreleased\n", 'CHANGELOG.md has no section "## [0.1.0] - date"'),
        ("v0.1.0", "0.1.0", "## [Unreleased]\n", 'CHANGELOG.md has no section "## [0.1.0] - date"'),
    ],
    ids=["another version", "a tag without its v", "a version without a date", "a version that the changelog lacks"],
)
def test_a_release_is_refused(tag, version, changelog, said, tmp_path):
    done = release(tmp_path, tag, version, changelog)
    assert done.returncode == 1
    assert done.stdout == f"::error::{said}\n"


def test_the_changelog_has_this_version_and_says_what_changed_counts():
    sections = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert sections[0].startswith("[Unreleased]")
    assert sections[1].startswith(f"[{__version__}] - ")
    for section in sections[1:]:
        assert "\n### Changed counts\n" in section


def test_a_wrong_count_is_asked_for_what_shows_it():
    form = load(".github/ISSUE_TEMPLATE/wrong-count.yml")
    asked = {field["id"] for field in form["body"] if field.get("validations", {}).get("required") == "true"}
    assert {"row", "ours", "theirs", "trainer", "settings", "version"} <= asked


def test_our_hooks_call_what_is_there():
    hooks = {hook["id"]: hook for repo in load(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]}
    assert {"ruff", "ruff-format", "mypy", "imports", "generated", "end-of-file-fixer"} <= set(hooks)
    for hook in hooks.values():
        if hook["language"] == "system":
            assert hook["entry"].startswith(".venv/bin/"), hook["entry"]
    assert re.search(hooks["generated"]["files"], "validator/rules/tk001_image_cut.py")
