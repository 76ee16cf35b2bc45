"""The HTML report in a real browser: quiet, without network, usable by mouse and keyboard, safe and readable."""

import json
from pathlib import Path

import pytest

from tests.environments import needs_browser

pytestmark = needs_browser
LISTED = "#cards > details:not([hidden])"


def names(page):
    return page.locator(f"{LISTED} .name b").all_inner_texts()


def number_of_cards(page):
    return page.locator("#cards > details").count()


def test_a_visit_is_quiet_and_everything_is_there(visit, report):
    page = visit(report)
    assert page.inner_text("h1").startswith("failed")
    titles = page.locator("section h2").all_inner_texts()
    for title in ("What was checked", "Distributions", "Findings by rule", "Datasets", "Replay", "Flagged samples"):
        assert title in titles
    assert "1,024" in page.inner_text("#checked")
    assert page.locator("#distributions .chart").count() == 3
    assert page.locator("#distributions line.cutoff").count() == 2
    assert page.locator("#distributions rect.beyond").count() > 0
    page.keyboard.press("e")  # all cards, with all pictures
    assert page.locator("img").evaluate_all("all => all.every(one => one.complete && one.naturalWidth > 0)")


def test_filters(visit, report):
    page = visit(report)
    everything = number_of_cards(page)
    page.select_option("#rule", "TK001")
    assert names(page) == ["data.jsonl row 1"]
    assert page.inner_text("#shown") == f"1 of {everything} listed"
    page.click("#clear")
    assert len(names(page)) == everything
    page.select_option("#dataset", "<b>second")
    assert names(page) == ["second.jsonl row 0"]
    page.select_option("#severity", "error")
    assert names(page) == [] and page.is_visible("#nothing")
    page.click("#clear-too")
    page.select_option("#verdict-filter", "GRAD_SPIKE")
    assert names(page) == ["data.jsonl row 1"]
    page.click("#clear")
    page.fill("#search", "GONE.png no such")
    assert names(page) == ["data.jsonl row 3"]
    page.click("#rules a[data-value=LB002]")
    assert sorted(names(page)) == ["data.jsonl row 4", "second.jsonl row 0"]
    assert page.input_value("#search") == "" and page.input_value("#rule") == "LB002"


def test_filters_stand_in_the_address(visit, report):
    page = visit(report)
    page.select_option("#rule", "LB002")
    page.select_option("#sort", "place")
    page.fill("#search", "data.jsonl")
    address = page.evaluate("location.href")  # page.url follows later
    assert address.endswith("#samples?q=data.jsonl&sort=place&rule=LB002")
    again = visit(report)
    again.goto(address)
    again.reload()
    assert names(again) == ["data.jsonl row 4"] and again.input_value("#sort") == "place"
    again.click("#clear")
    assert again.evaluate("location.hash") == "#samples?sort=place"


def test_rows_by_what_training_makes_of_them(visit, report):
    page = visit(report)
    page.select_option("#outcome", "stops")
    assert "data.jsonl row 1" in names(page)
    texts = page.locator("#cards > details:not([hidden])").evaluate_all("all => all.map(one => one.dataset.outcome)")
    assert set(texts) == {"stops"}


def test_an_id_is_copied_and_what_is_listed_downloaded(visit, report):
    page = visit(report)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.select_option("#rule", "TK001")
    page.locator(LISTED).locator("summary").click()
    page.locator(f"{LISTED} button.copy").click()
    page.locator(f"{LISTED} button.copy", has_text="Copied").wait_for()
    with page.expect_download() as started:
        page.click("#download")
    (line,) = Path(started.value.path()).read_text().splitlines()
    listed = json.loads(line)
    assert (listed["dataset"], listed["file"], listed["row"], listed["training"]) == ("data", "data.jsonl", 1, "stops")
    assert "TK001" in listed["rules"] and page.evaluate("navigator.clipboard.readText()") == listed["sample_id"]


def test_sorting(visit, report):
    page = visit(report)
    risks = page.locator("#cards > details").evaluate_all("all => all.map(one => +one.dataset.risk)")
    assert risks == sorted(risks, reverse=True)
    page.select_option("#sort", "tokens")
    tokens = page.locator("#cards > details").evaluate_all("all => all.map(one => +one.dataset.tokens)")
    assert tokens == sorted(tokens, reverse=True) and tokens[0] > 1024
    page.select_option("#sort", "place")
    assert names(page)[-3:] != [] and names(page)[:3] == ["second.jsonl row 0", "data.jsonl row 1", "data.jsonl row 2"]


def test_keyboard(visit, report):
    page = visit(report)
    page.keyboard.press("/")
    page.keyboard.type("spikes")
    assert names(page) == ["data.jsonl row 1"]
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    assert len(names(page)) == number_of_cards(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    focused = "document.activeElement.closest('.card') === document.querySelectorAll('#cards > details')[%d]"
    assert page.evaluate(focused % 1)
    page.keyboard.press("Enter")
    assert page.locator("#cards > details[open]").count() == 1
    page.keyboard.press("k")
    assert page.evaluate(focused % 0)
    page.keyboard.press("e")
    assert page.locator("#cards > details[open]").count() == number_of_cards(page)
    page.keyboard.press("?")
    assert page.is_visible("#keys")
    page.keyboard.press("Escape")
    assert not page.is_visible("#keys")


def test_every_control_is_reached_by_tab(visit, report):
    page = visit(report)
    page.focus("#search")
    reached = []
    for _ in range(10):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert reached == [
        *("rule", "dataset", "outcome", "severity", "verdict-filter", "sort"),
        *("clear", "toggle", "download", "SUMMARY"),
    ]


def test_hostile_text_stays_text(visit, report):
    page = visit(report)
    page.keyboard.press("e")
    assert page.evaluate("window.hacked") is None
    text = page.inner_text("#cards")
    assert "<script>window.hacked = 1</script>" in text
    assert "{{ 7 * 7 }}{% raw %}<!--" in text
    for char in "\u202e\x00\x1b":
        assert char not in page.content()
    assert {"U+202E", "U+0000", "U+001B"} <= set(page.locator(".hidden").all_inner_texts())
    assert page.locator("mark.special", has_text="<|im_start|>").count()
    assert page.locator(".left-out", has_text="characters left out").count() >= 2
    assert "<i>NaN</i>" in text and page.locator("#datasets b").count() == 0
    assert page.locator("section").count() == 8  # no tag of the data has closed one of ours


def test_even_a_tag_that_came_through_could_do_nothing(chromium, report, tmp_path):
    smuggled = (
        "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'><img src='http://127.0.0.1:9/'>"
    )
    page = chromium.new_page()
    (tmp_path / "smuggled.html").write_text(report.read_text().replace("<footer>", smuggled + "<footer>"))
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto((tmp_path / "smuggled.html").as_uri())
    assert page.evaluate("window.hacked") is None
    assert page.inner_text("#shown") == f"{number_of_cards(page)} listed"  # our own script has run
    assert sum("Content Security Policy" in text for text in refused) >= 3
    page.close()


def test_a_sample_shows_what_the_cutoff_does(visit, report):
    page = visit(report)
    page.select_option("#rule", "TK001")
    card = page.locator(LISTED)
    card.locator("summary").click()
    assert card.locator(".placeholder").all_inner_texts() == ["<image>0", "<image>1"]
    assert card.locator(".turn .role code").all_inner_texts() == ["TK001"]
    budget = card.locator(".spent")
    assert budget.locator("rect.image").count() == 2 and budget.locator("rect.lost").count() >= 1
    assert "cutoff 1,024" in budget.inner_text() and "visual" in budget.inner_text()
    assert card.locator("path.gone").count() == 1  # the tokens that are cut, on the picture
    assert card.locator("img").count() == 4
    assert "540 × 1,170" in card.inner_text() and "532 × 1,176" in card.inner_text()
    assert "19 × 42 tokens" in card.inner_text()


def test_a_placeholder_without_a_medium_is_marked(visit, report):
    page = visit(report)
    page.fill("#search", "data.jsonl:2")
    page.locator(LISTED).locator("summary").click()
    assert page.locator(f"{LISTED} .placeholder").all_inner_texts() == ["<image>0", "<image>"]
    assert page.locator(f"{LISTED} .unmatched").count() == 1


def test_a_replayed_sample_stands_among_its_controls(visit, report):
    page = visit(report)
    page.select_option("#verdict-filter", "GRAD_SPIKE")
    card = page.locator(LISTED)
    card.locator("summary").click()
    assert "as configured +0.065 (another control: within 0.008)" in card.locator(".drifts").inner_text()
    strip = card.locator(".strip").nth(1)
    assert "gradient norm 90" in strip.inner_text() and "controls near it: 1 to 3" in strip.inner_text()
    this, controls = (strip.locator(part).bounding_box() for part in ("path.this", "use.controls"))
    assert this["x"] > controls["x"] + controls["width"]
    page.click("#clear")
    page.select_option("#verdict-filter", "NON_FINITE")
    page.locator(LISTED).locator("summary").click()
    assert "not finite" in page.locator(LISTED).inner_text()


def test_a_dot_leads_to_its_sample(visit, report):
    page = visit(report)
    page.fill("#search", "nothing is like this")
    page.locator("#distributions a", has=page.locator("circle.error")).first.focus()
    page.keyboard.press("Enter")
    page.locator("#cards > details[open]").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


@pytest.mark.parametrize("width", [380, 800, 1400])
def test_nothing_is_wider_than_the_window(visit, report, width):
    page = visit(report, viewport={"width": width, "height": 700})
    page.keyboard.press("e")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_no_label_of_a_chart_is_cut_off(visit, report):
    page = visit(report)
    outside = """all => all.filter(text => {
        const box = text.getBoundingClientRect(), chart = text.closest("svg").getBoundingClientRect();
        return box.left < chart.left - 1 || box.right > chart.right + 1 || box.bottom > chart.bottom + 1;
    }).map(text => text.textContent)"""
    assert page.locator("svg.chart text").evaluate_all(outside) == []


def test_dark_light_and_print(visit, report):
    def ground(page):
        return sum(map(int, page.evaluate("getComputedStyle(document.body).backgroundColor").strip("rgb()").split(",")))

    light, dark = (visit(report, color_scheme=scheme) for scheme in ("light", "dark"))
    assert ground(light) > 700 and ground(dark) < 100
    dark.keyboard.press("t")
    assert ground(dark) > 700
    dark.keyboard.press("t")
    dark.emulate_media(media="print")
    assert ground(dark) == 765 and not dark.is_visible(".filters")
    dark.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert dark.is_visible("#cards .turns")


def test_without_scripts_all_samples_are_there(visit, report):
    page = visit(report, java_script_enabled=False)
    assert "all samples are listed" in page.inner_text("noscript")
    page.locator("#cards summary").first.click()
    assert page.locator("#cards > details[open] .findings").is_visible()
