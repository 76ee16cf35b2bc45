"""Random files of rows with videos, and entries of a meta file of NeMo AutoModel; equal for equal seeds."""

import random
from pathlib import Path

from tests.trainers.film_corpus import make_films

LIMITS = (400, 2048, 1000000, 1000000)
ENTRIES = (
    {},
    {"columns": {"messages": "chat", "videos": "films"}, "tags": {"user_tag": "human", "assistant_tag": "gpt"}},
    {"media_dir": "."},
)
TEXTS = ("What happens in ", "at ", "(", "12", "\n", "")
BEHIND = ("", " and ", "?", "\n", "5 seconds")
LISTS = ([0], [0, 1], [0, 1, 2], [0, 1, 2, 3, 4], [0, 5], [])
"""Frames by number: the last is of another size."""
NAMED = ({"frame_indices": [0]}, {"frame_indices": [0, 2, 5]}, {"frame_indices": [3, 900, 901, 0], "fps": 2})


def make_nemo_films(seed: int, rows: int, folder: Path) -> dict:
    """Files by name, with rows, an entry and settings. `rows`: of all files together, about."""
    dice = random.Random(seed)
    films = make_films(folder, dice)
    images = {f"v{n}.png": {"mode": "RGB", "size": (100, 80) if n < 5 else (60, 90)} for n in range(6)}
    files = {}
    for number in range(12):
        entry = ENTRIES[number % len(ENTRIES)]
        settings = {"cutoff_len": dice.choice(LIMITS), "image_max_pixels": dice.choice((100000, 12845056))}
        made = [_row(dice, entry, films, list(images)) for _ in range(max(rows // 12, 1))]
        files[f"m{seed}_{number}"] = {
            "rows": made, "settings": settings, "entry": entry, "suffix": dice.choice(("json", "jsonl"))
        }  # fmt: skip
    return {"images": images, "files": files}


def _row(dice: random.Random, entry: dict, films: list[str], images: list[str]) -> dict:
    tags = entry.get("tags", {})
    user, assistant = tags.get("user_tag", "user"), tags.get("assistant_tag", "assistant")
    messages, media = [], {"image": [], "video": []}
    for _ in range(dice.choice((1, 1, 2))):
        text = dice.choice(TEXTS)
        for _ in range(dice.choice((0, 1, 1, 2))):
            kind = dice.choice(("video", "video", "video", "image"))
            text += dice.choice((f"<{kind}>", f"<{kind}>", f"<{kind.title()}>")) + dice.choice(BEHIND)
            media[kind].append(_film(dice, films, images) if kind == "video" else dice.choice(images))
        messages.append({"role": user, "content": text})
        messages.append({"role": assistant, "content": dice.choice(("That.", "\nso", "5", "a <video> of"))})
    if dice.random() < 0.15:
        _spoil(dice, messages, media["video"], films)
    columns = entry.get("columns", {})
    row = {columns.get("messages", "messages"): messages, "images": media["image"]}
    return {**row, columns.get("videos", "videos"): media["video"]}


def _film(dice: random.Random, films: list[str], images: list[str]) -> object:
    """A video as a row names it: a path, mostly."""
    if dice.random() < 0.75:
        return dice.choice(films)
    if dice.random() < 0.4:
        return {"path": dice.choice(films), **dice.choice(({}, {"fps": 1}, {"fps": None}, *NAMED))}
    frames = [images[number] for number in dice.choice(LISTS)]
    return dice.choice((frames, {"path": frames, "fps": 2}, {"path": frames, "fps": 0.5}))


def _spoil(dice: random.Random, messages: list[dict], videos: list, films: list[str]) -> None:
    fault = dice.randrange(5)
    if fault == 0:
        videos.append(dice.choice(films))
    elif fault == 1 and videos:
        videos.pop()
    elif fault == 2 and videos:
        videos[0] = dice.choice(("gone.mp4", None, {"path": "gone.mp4"}))
    elif fault == 3:
        messages[0]["content"] += "<|video_pad|>"
    elif fault == 4:
        messages[-1]["content"] += "<|image_pad|>"
