"""Paths, modules and anchors that pages for developers name are there."""

import re

import pytest

from tests.conftest import ROOT

PAGES = (
    *(
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "RELEASING.md",
        "SECURITY.md",
        ".github/PULL_REQUEST_TEMPLATE.md",
    ),
    *("docs/architecture.md", "docs/decisions.md", "docs/glossary.md", "docs/platforms.md"),
)
NAMED = re.compile(
    r"`((?:validator|tests|scripts|docs|schemas|sample_data|findings|\.github|ci)/[\w./*-]*|[\w-]+\.(?:md|toml|yml))`"
)
FUNCTION = re.compile(r"`((?:\w+/)*\w+\.py): ?(\w+(?:\.\w+)*)`")
MADE = {"mmvalidate.toml", "train.yaml", "mkdocs.yml"}
"""Files of users, and those that need no folder before them."""


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_the_paths_that_a_page_names_are_there(page):
    named = set(NAMED.findall(text_of(page))) - MADE
    assert [name for name in named if not any(ROOT.glob(name.rstrip("/")))] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_page_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s:]*)(?:#[^)]*)?\)", text_of(page)):
        assert not target or ((ROOT / page).parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_the_anchors_of_a_page_are_headings(page):
    for target, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)]+)\)", text_of(page)):
        where = (ROOT / page).parent / target if target else ROOT / page
        assert anchor in anchors(where), f"{target}#{anchor}"


def anchors(path):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).lower()).replace(" ", "-") for heading in headings}


def test_the_functions_that_the_map_names_are_there():
    named = FUNCTION.findall(text_of("docs/architecture.md"))
    assert len(named) > 20
    for file, name in named:
        source = text_of(f"validator/{file}")
        assert re.search(rf"^\s*(?:def|class) {name.split('.')[-1]}\b|^{name}\b", source, re.MULTILINE), (
            f"{file}: {name}"
        )


def test_each_decision_has_a_heading_of_its_own_and_a_date():
    text = text_of("docs/decisions.md")
    decided = re.split(r"^### ", text.split("## Known differences")[0], flags=re.MULTILINE)[1:]
    headings = [decision.splitlines()[0] for decision in decided]
    assert len(set(headings)) == len(headings) > 100
    dated = re.compile(r"^\*20\d\d-\d\d-\d\d, [0-9a-f]{7}\*$", re.MULTILINE)
    assert [head for head, body in zip(headings, decided, strict=True) if not dated.search(body)] == []
