"""findings/README.md lists every script, with the library and the version that the script installs."""

import re

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "findings"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
ROWS = {
    row[0]: row
    for row in re.findall(
        r"^\| \[.*?\]\((.*?)\) \| (.*?) \| (.*?) \| (.*?) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE
    )
}


def test_every_script_is_listed_and_nothing_else():
    assert list(ROWS) == [path.name for path in SCRIPTS]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_installs_the_versions_that_are_named_and_checks_what_it_states(path):
    text = path.read_text(encoding="utf-8")
    install = re.search(r"pip\" install (.*)", text)[1]
    library, version = re.match(r"(\S+) ([\d.]+)", ROWS[path.name][1]).groups()
    assert f"{library}=={version}" in install
    for pinned in re.findall(r"(\S+) ([\d.]+)\)", ROWS[path.name][1]):
        assert "==".join(pinned).lstrip("(") in install
    assert text.startswith("#!/usr/bin/env bash\n# ") and f"{library} {version}" in text.splitlines()[1]
    stated = re.search(r'^# Seen: "(.*)"\.$', text, re.MULTILINE)[1]
    assert f'assert seen == "{stated}"' in text


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", (FOLDER / "README.md").read_text()):
        assert (FOLDER / target).exists(), target
