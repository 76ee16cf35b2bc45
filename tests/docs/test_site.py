"""The site of docs/, built as CI builds it: strictly, so that pages without a place and dead links or anchors fail."""

import os
import re
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec

import pytest
from markdown_it import MarkdownIt

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    find_spec("material") is None, reason="mkdocs is not installed: run ./scripts/setup dev"
)


PAGES = sorted(path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md"))


def address(page):
    """The file of a page on the site."""
    return page.with_name("index.html") if page.stem in ("README", "index") else page.with_suffix(".html")


def build(root, site):
    """mkdocs in a process of its own, on the pages of `root`."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", root / "mkdocs.yml", "-d", site],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.proof
def test_every_page_is_there_and_found(site):
    index = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    for page in PAGES:
        assert (site / address(page)).exists()
        assert page.stem in ("README", "index") or f'"{address(page)}' in index


def counted(html):
    """How often each element that a page is built of occurs."""
    return Counter(re.findall(r"<(h[1-6]|[ou]l|li|pre|table|tr|img)\b", html))


@pytest.mark.proof
def test_pages_are_built_as_on_github(site):
    """The site's Markdown is another: code in a list is part of it where it is indented by four, say."""
    different = []
    for page in PAGES:
        shown = (site / address(page)).read_text(encoding="utf-8")
        body = re.search(r"<article[^>]*>(.*?)</article>", shown, re.DOTALL)[1]
        wanted = MarkdownIt("commonmark").enable("table").render((ROOT / "docs" / page).read_text(encoding="utf-8"))
        if counted(body) != counted(wanted):
            different.append((str(page), counted(body) - counted(wanted), counted(wanted) - counted(body)))
    assert different == []


def test_pages_fetch_nothing_from_elsewhere(site):
    fetched = re.compile(r"<(?:script|img|iframe)\b[^>]*\bsrc=\"?(?:https?:)?//|<link\b[^>]*\bhref=\"?(?:https?:)?//")
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not fetched.search(text), page
        assert "fonts.g" not in text and 'data-md-component="source"' not in text, page


def test_links_that_leave_docs_lead_to_the_source(site):
    assert 'href="https://github.com/OWNER/mmvalidate/blob/main/README.md"' in (site / "audit.html").read_text()
    assert 'href="https://github.com/OWNER/mmvalidate/tree/main/schemas"' in (site / "ci.html").read_text()


def test_dead_links_fail(tmp_path):
    links = ("../README.md", "../nowhere.md", "no_page.md", "index.md#no-anchor", "/absolute.md")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# One\n\n" + "".join(f"- [a]({link})\n" for link in links))
    (tmp_path / "README.md").touch()
    text = (ROOT / "mkdocs.yml").read_text().replace("scripts/site_links.py", str(ROOT / "scripts" / "site_links.py"))
    (tmp_path / "mkdocs.yml").write_text(text[: text.index("\nnav:")])
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if line.startswith("WARNING")]
    assert [link for link in links if any(link.strip("./") in line for line in told)] == list(links[1:]), done.stderr
