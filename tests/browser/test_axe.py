"""The HTML report under axe-core: no violation of its rules, in light and dark, wide and narrow, cards open."""

import pytest

from tests.environments import needs_browser

pytestmark = needs_browser
WIDTHS = {"wide": 1280, "narrow": 390}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_there_is_no_violation(visit, report, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(report, color_scheme=scheme, viewport={"width": WIDTHS[width], "height": 900})
    page.keyboard.press("e")  # all cards
    found = Axe().run(page).response["violations"]
    assert [(item["id"], [node["html"][:200] for node in item["nodes"][:3]]) for item in found] == []
