"""Draws docs/images/report.png, the picture of the HTML report in the README, from a run of ./scripts/demo.

python -m scripts.report_picture [RUN]        default: .mmvalidate/sample_data
"""

import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.chromium import find_chromium
from validator.engine.run_files.finished import FinishedRun
from validator.report.html import write_html

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "report.png"
WIDTH = 1160
PARTS = (("#verdict", 0, 224), ("#distributions .charts > figure", 0, 400), ("#cards details[open]", 0, 800))
"""Elements of the page, and which of their pixels from the top are shown."""
GAP = 12


def main() -> None:
    run = Path(sys.argv[1] if len(sys.argv) > 1 else ".mmvalidate/sample_data")
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "report.html"
        write_html(FinishedRun(run), path)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 1000}, color_scheme="light")
        page.goto(path.as_uri())
        page.select_option("#rule", "TK001")
        page.keyboard.press("e")
        page.locator("#cards details[open] summary").first.evaluate("one => one.blur()")
        page.keyboard.press("e")
        page.keyboard.press("e")
        parts = [part(page, *wanted) for wanted in PARTS]
        browser.close()
    height = sum(image.height for image in parts) + GAP * (len(parts) - 1)
    whole = Image.new("RGB", (WIDTH, height), parts[0].getpixel((0, 0)))
    top = 0
    for image in parts:
        whole.paste(image, (0, top))
        top += image.height + GAP
    PICTURE.parent.mkdir(exist_ok=True)
    whole.quantize(255, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


def part(page: Page, selector: str, first: int, last: int) -> Image.Image:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    clip = {
        "x": 0,
        "y": box["y"] + page.evaluate("scrollY") + first,
        "width": WIDTH,
        "height": min(last, box["height"]) - first,
    }
    return Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip))).convert("RGB")


if __name__ == "__main__":
    main()
