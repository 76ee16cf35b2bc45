"""Boxes and points lie where they belong on the pictures of the HTML report, and what is wrong is marked."""

import json

import pytest

from tests.browser.conftest import Dataset
from tests.conftest import say
from tests.environments import needs_browser
from validator.engine.run_files.finished import FinishedRun
from validator.report.html import write_html

pytestmark = needs_browser
SEE = "<image>Where?"


def boxes(*all_numbers):
    return json.dumps([{"bbox_2d": numbers} for numbers in all_numbers])


@pytest.fixture(scope="module")
def page_of_boxes(tmp_path_factory):
    data = Dataset(tmp_path_factory.mktemp("boxes"))
    data.image("wide.png", (1600, 400))
    data.write(
        [
            say(SEE, boxes([1200, 100, 1400, 300], [400, 100, 800, 200]), images=["wide.png"]),
            say(SEE, boxes([1200, 300, 1100, 200]) + " click(800, 200)", images=["wide.png"]),
            say(SEE, boxes([-10, 100, 1300, 300]), images=["wide.png"]),
            say(SEE, "nowhere", images=["wide.png"]),
        ]
    )
    data.check()
    path = data.folder / "report.html"
    write_html(FinishedRun(data.folder / "run"), path)
    return path


def places(page, picture):
    """Left, top, right, bottom of each box on a picture, as shares of it, rounded."""
    return page.locator(f"#boxes figure.doubtful >> nth={picture[0]}").locator(".over").nth(picture[1]).evaluate(
        """over => {
            const whole = over.querySelector("img").getBoundingClientRect();
            const share = (value, start, length) => Math.round(100 * (value - start) / length) / 100;
            return [...over.querySelectorAll("rect.box")].map(one => {
                const box = one.getBoundingClientRect();
                return [share(box.left, whole.left, whole.width), share(box.top, whole.top, whole.height),
                        share(box.right, whole.left, whole.width), share(box.bottom, whole.top, whole.height),
                        one.classList.contains("wrong")];
            });
        }"""
    )  # fmt: skip


def near(found, expected):
    return len(found) == len(expected) and all(
        one[4] == other[4] and all(abs(a - b) <= 0.03 for a, b in zip(one[:4], other[:4], strict=True))
        for one, other in zip(found, expected, strict=True)
    )


def test_the_sheet_shows_the_most_doubtful_rows_first(visit, page_of_boxes):
    page = visit(page_of_boxes)
    said = page.locator("#boxes figure.doubtful > figcaption").all_inner_texts()
    assert [line.partition(":")[2].partition(":")[0] for line in said] == ["2", "1", "0"]
    assert "lies outside the image" in said[0] and "has no area" in said[1]
    assert said[2].endswith("pixels of the stored image: the model reads 0-1000")


def test_boxes_lie_where_the_data_mean_them_and_where_the_model_reads_them(visit, page_of_boxes):
    page = visit(page_of_boxes)
    assert near(places(page, (2, 0)), [[0.75, 0.25, 0.875, 0.75, False], [0.25, 0.25, 0.5, 0.5, False]])
    assert near(places(page, (2, 1)), [[0.99, 0.1, 1, 0.3, True], [0.4, 0.1, 0.8, 0.2, True]])  # thousandths
    assert near(places(page, (0, 0)), [[0, 0.25, 0.81, 0.75, True]])  # cut off at the edge
    assert near(places(page, (1, 0)), [[0.69, 0.5, 0.75, 0.75, True]])
    assert page.locator("#boxes path.point").count() == 2


def test_a_card_shows_them_too_and_the_sheet_leads_to_it(visit, page_of_boxes):
    page = visit(page_of_boxes)
    page.locator("#boxes figure.doubtful a").first.click()
    page.wait_for_selector("#cards details[open]")
    card = page.locator("#cards details[open]")
    assert card.count() == 1 and card.locator(".over svg.shapes rect.box.wrong").count() == 2
    assert "lies outside the image" in card.locator("svg.shapes title").first.text_content()


def test_a_report_without_boxes_has_no_sheet(visit, report):
    assert visit(report).locator("#boxes").count() == 0
