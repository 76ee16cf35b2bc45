"""Size of the HTML report, and how long it takes to write and to load, for runs of different sizes.

python -m scripts.report_sizes [ROWS ...]     default: 100 10000 1000000
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw

from scripts.synthetic_rows import WORDS
from validator.catalog.registry import load_registry
from validator.engine.run import run
from validator.execution import Execution
from validator.rules.registry import choose_rules
from validator.settings import Settings
from validator.storage.remote import locate

TAGS = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
PICTURES = 40


def main() -> None:
    print(
        "| rows | of them with errors | data, MB | write, s | processor, s | peak memory, MB | report, MB | load, ms |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for rows in map(int, sys.argv[1:] or ["100", "10000", "1000000"]):
        with TemporaryDirectory() as folder:
            measure(Path(folder), rows)


def measure(folder: Path, rows: int) -> None:
    registry = make(folder, rows)
    settings = Settings(dataset_info=str(registry))
    rules, left_out = choose_rules(settings)
    result = run(
        settings, load_registry(locate(str(registry))), rules, left_out, folder / "run", execution=Execution(workers=0)
    )
    page = folder / "report.html"
    seconds, processor, peak = written(folder / "run", page)
    rows_ = result.summary["rows"]
    data = sum(path.stat().st_size for path in folder.glob("*.jsonl")) / 1e6
    cells = (
        f"{rows:,}",
        f"{rows_['flagged'] + rows_['dropped']:,}",
        f"{data:,.1f}",
        f"{seconds:.1f}",
        f"{processor:.1f}",
    )
    cells += f"{peak:,.0f}", f"{page.stat().st_size / 1e6:.2f}", f"{loaded(page):,.0f}"
    print(f"| {' | '.join(cells)} |", flush=True)


def written(run_folder: Path, page: Path) -> tuple[float, float, float]:
    """Seconds, seconds of processor time and peak memory (MB) of a process that writes the report, imports included."""
    code = (
        "import resource, sys; from pathlib import Path; from validator.report.html import write_html\n"
        "from validator.engine.run_files.finished import FinishedRun\n"
        "write_html(FinishedRun(Path(sys.argv[1])), Path(sys.argv[2]))\n"
        "used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]\n"
        "print(sum(one.ru_utime + one.ru_stime for one in used), used[0].ru_maxrss)"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code, run_folder, page], check=True, capture_output=True, text=True)
    seconds = time.monotonic() - began
    processor, peak = done.stdout.split()
    return seconds, float(processor), int(peak) / 1000


def loaded(page: Path) -> float:
    """Milliseconds until a headless Chromium has loaded the page."""
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import find_chromium

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        shown = browser.new_page()
        shown.goto(page.as_uri())
        milliseconds: float = shown.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart")
        browser.close()
    return milliseconds


def make(folder: Path, rows: int) -> Path:
    """Four datasets of screenshots, charts and text; some 4 % of the rows have something wrong."""
    dice = random.Random(0)
    for number in range(PICTURES):
        picture(folder / f"picture_{number}.png", dice, (540, 1170) if number % 2 else (1280, 720))
    (folder / "cut.png").write_bytes((folder / "picture_0.png").read_bytes()[:-900])
    registry = {}
    for name in ("screens", "charts", "manuals", "chat"):
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(rows // 4):
                file.write(json.dumps(row(dice, name, number)) + "\n")
        columns = {"messages": "messages", "images": "images"}
        registry[name] = {"file_name": f"{name}.jsonl", "formatting": "sharegpt", "columns": columns, "tags": TAGS}
    path = folder / "dataset_info.json"
    path.write_text(json.dumps(registry))
    return path


def row(dice: random.Random, name: str, number: int) -> dict:
    fault = dice.random()
    length = int(dice.lognormvariate(3.2, 0.8))
    words = " ".join(dice.choices(WORDS, k=length))
    if name == "chat":
        answer = "" if fault < 0.01 else " ".join(dice.choices(WORDS, k=12))
        return talk(f"{number}: {words * (120 if fault > 0.999 else 1)}", answer, [])
    images = [f"picture_{dice.randrange(PICTURES)}.png" for _ in range(1 + int(dice.expovariate(1.2)))]
    question = "<image>" * len(images) + f"{number}: {words}"
    if fault < 0.01:
        question = question.replace("<image>", "", 1)
    elif fault < 0.02:
        images[0] = dice.choice(("cut.png", "gone.png"))
    elif fault < 0.03:
        question += " <|im_end|>"
    return talk(question, " ".join(dice.choices(WORDS, k=6)), images)


def talk(question: str, answer: str, images: list[str]) -> dict:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": messages, "images": images}


def picture(path: Path, dice: random.Random, size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, tuple(dice.choices(range(180, 256), k=3)))
    pen = ImageDraw.Draw(image)
    for line in range(size[1] // 60):
        pen.rounded_rectangle(
            (20, 60 * line + 8, size[0] - 20, 60 * line + 50), 8, fill=tuple(dice.choices(range(90, 256), k=3))
        )
        pen.text((36, 60 * line + 20), " ".join(dice.choices(WORDS, k=6)), fill="black")
    image.save(path)


if __name__ == "__main__":
    main()
