"""Random files of rows with videos, as TRL's and unsloth's users have them; equal for equal seeds."""

import json
import random
from fractions import Fraction
from pathlib import Path

from tests.oracle.corpus import draw
from tests.oracle.videos import film, make_videos

SIZES = ((64, 48), (48, 200), (320, 240), (30, 90), (100, 6), (8, 40))
SHAPES = ("messages", "messages", "messages", "no column", "prompts", "prompts without column")
ENDINGS = ("mp4", "mkv", "avi", "mov", "webm")


def make_films(folder: Path, dice: random.Random) -> list[str]:
    """Names of videos of many lengths, rates, sizes and containers: whole ones, damaged ones may end their readers."""
    films = [name for name in make_videos(folder, dice.randrange(10**6)) if "damaged" not in name]
    for number in range(14):
        films.append(f"film{number}.{dice.choice(ENDINGS)}")
        film(
            folder / films[-1], dice.choice((1, 2, 3, 5, 24, 77, 130)), dice.choice((5, 24, 25, 30)), dice.choice(SIZES)
        )
    for number, frames in enumerate((1, 9, 40)):
        films.append(f"large{number}.mp4")
        film(folder / films[-1], frames, 25, (640, 360))
    return films


def make_film_corpus(seed: int, rows: int, folder: Path) -> dict:
    """Files by name, with rows and settings. `rows`: of all files together, about."""
    dice = random.Random(seed)
    films = make_films(folder, dice)
    images = {f"v{n}.png": {"mode": "RGB", "size": (64 + 40 * n, 80)} for n in range(4)}
    draw(folder, images)
    files = {}
    for number in range(12):
        shape = SHAPES[number % len(SHAPES)]
        limits = {"image_max_pixels": 262144, "image_min_pixels": 3136}
        settings = {"cutoff_len": dice.choice((200, 3000, 1000000)), **limits}
        if shape == "messages" and dice.random() < 0.4:
            settings["assistant_only_loss"] = True
        made = [_row(dice, shape, films, list(images)) for _ in range(max(rows // 12, 1))]
        files[f"f{seed}_{number}.jsonl"] = {"rows": made, "settings": settings}
    return {"images": images, "files": files}


def make_unsloth_films(seed: int, rows: int, folder: Path) -> dict:
    """The same for unsloth, with its settings; some rows have no column of images. In some stands a video of more
    seconds than frames are taken, or one of which the processor leaves out a frame.
    """
    corpus = make_film_corpus(seed, rows, folder)
    dice = random.Random(seed)
    film(folder / "long.mp4", 800, 1, (64, 48))
    film(folder / "five_seconds.mp4", 357, Fraction(357, 5), (64, 48))
    for file in corpus["files"].values():
        file["settings"].pop("assistant_only_loss", None)
        if dice.random() < 0.5:
            file["settings"]["train_on_responses_only"] = True
        for row in file["rows"]:
            if dice.random() < 0.6:
                row["images"] = None
            for part in (row.get("messages") or [{"content": []}])[0]["content"]:
                if part["type"] == "video" and dice.random() < 0.1:
                    part["video"] = dice.choice(("long.mp4", "five_seconds.mp4", "five_seconds.mp4"))
    return corpus


def make_axolotl_films(seed: int, rows: int, folder: Path) -> dict:
    """The same for axolotl, which knows neither the columns of prompts nor an empty list of images."""
    corpus = make_film_corpus(seed, rows, folder)
    dice = random.Random(seed)
    for file in corpus["files"].values():
        file["settings"] = {"image_max_pixels": dice.choice((50176, 100352, 262144, 16777216))}
        for row in file["rows"]:
            if "prompt" in row:
                row["messages"] = row.pop("prompt") + row.pop("completion")
            row["images"] = None
    return corpus


def _row(dice: random.Random, shape: str, films: list[str], images: list[str]) -> dict:
    messages = []
    for _ in range(dice.choice((1, 1, 2))):
        content = [{"type": "text", "text": dice.choice(("What happens in", "at ", "(", "12", "\n", "<video>"))}]
        for _ in range(dice.choice((0, 1, 1, 2))):
            name = "gone.mp4" if dice.random() < 0.03 else dice.choice(films)
            content.append({"type": "video", "video": name})
            if dice.random() < 0.3:
                content.append({"type": "image", "image": dice.choice(images)})
            content.append({"type": "text", "text": dice.choice((" and ", "?", "\n", "5 seconds"))})
        messages.append({"role": "user", "content": content})
        answer = dice.choice(("That.", "\nso", "5"))
        messages.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
    if dice.random() < 0.04:
        messages[-1]["content"].append({"type": "video", "video": dice.choice(films)})
    if dice.random() < 0.2:
        messages.insert(0, {"role": "system", "content": [{"type": "text", "text": "Look."}]})
    row: dict = {"messages": messages}
    if shape.startswith("prompts"):
        row = {"prompt": messages[:-1], "completion": messages[-1:]}
    if "column" not in shape:
        row["images"] = []
    return row


def write_film_corpus(corpus: dict, folder: Path) -> dict[str, dict]:
    """The path and the settings of each file, written."""
    for name, file in corpus["files"].items():
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in file["rows"])
        (folder / name).write_text("".join(lines), encoding="utf-8")
    return {name: {"file": str(folder / name), "settings": file["settings"]} for name, file in corpus["files"].items()}
