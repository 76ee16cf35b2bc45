"""Draws docs/images/boxes.png, the sheet of doubtful boxes in the HTML report, from screens that are made here.

python -m scripts.boxes_picture
"""

import io
import json
import random
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw
from playwright.sync_api import sync_playwright

from tests.browser.chromium import find_chromium
from tests.conftest import ALL_TAGS, check, say
from validator.engine.run_files.finished import FinishedRun
from validator.report.html import write_html

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "boxes.png"
COLOURS = ((200, 80, 60), (60, 130, 200), (70, 160, 90), (220, 170, 40), (140, 90, 180))
SIZES = ((1080, 2400), (1920, 1080))
Box = tuple[int, int, int, int]


def screen(path: Path, size: tuple[int, int], draw: random.Random) -> list[Box]:
    """A screen with some buttons; returns these in pixels."""
    image = Image.new("RGB", size, (236, 240, 245))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, size[0], size[1] // 18), fill=(40, 60, 90))
    boxes = []
    for _ in range(4):
        x, y = draw.randrange(50, size[0] - 300), draw.randrange(150, size[1] - 200)
        box = x, y, x + draw.randrange(120, 260), y + draw.randrange(60, 140)
        pen.rounded_rectangle(box, radius=14, fill=draw.choice(COLOURS))
        boxes.append(box)
    image.save(path)
    return boxes


def thousandths(box: Box, size: tuple[int, int]) -> Box:
    """The same box from 0 to 1000."""
    x1, y1, x2, y2 = (round(value / size[place % 2] * 1000) for place, value in enumerate(box))
    return x1, y1, x2, y2


def make_data(folder: Path) -> Path:
    """An entry in pixels, and one from 0 to 1000 with three faults; returns the registry."""
    draw = random.Random(3)
    entries: dict[str, list[dict[str, object]]] = {"screens": [], "buttons": []}
    for number in range(6):
        name, size = f"{number}.png", SIZES[number % 2]
        boxes = screen(folder / name, size, draw)
        if number >= 3:
            boxes = [thousandths(box, size) for box in boxes]
            x1, y1, x2, y2 = boxes[1]
            boxes[1] = ((x2, y2, x1, y1), (-60, y1, x2, y2), (900, 1010, 1200, 1100))[number - 3]
        answer = json.dumps([{"bbox_2d": box} for box in boxes])
        entries["screens" if number < 3 else "buttons"].append(say("<image>Buttons?", answer, images=[name]))
    registry = {}
    for entry, rows in entries.items():
        (folder / f"{entry}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        columns = {"messages": "messages", "images": "images"}
        registry[entry] = {
            "file_name": f"{entry}.jsonl", "formatting": "sharegpt", "columns": columns, "tags": ALL_TAGS,
        }  # fmt: skip
    path = folder / "dataset_info.json"
    path.write_text(json.dumps(registry))
    return path


def main() -> None:
    with TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch)
        check(make_data(folder), folder / "run")
        write_html(FinishedRun(folder / "run"), folder / "report.html")
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1160, "height": 1000}, color_scheme="light")
        page.goto((folder / "report.html").as_uri())
        page.evaluate("document.querySelector('header').remove()")
        data = page.locator("#boxes").screenshot()
        browser.close()
    image = Image.open(io.BytesIO(data)).convert("RGB")
    image.quantize(255, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
