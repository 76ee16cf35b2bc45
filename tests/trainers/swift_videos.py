"""Random rows with videos in the layouts that ms-swift reads, good and malformed; equal for equal seeds."""

import random
from pathlib import Path

from tests.oracle.videos import film, make_videos

SIZES = ((64, 48), (48, 200), (320, 240), (30, 90), (640, 360), (100, 6), (1280, 720))
SETTINGS = (
    {},
    {"video_max_pixels": 40000, "video_min_pixels": 3136, "video_fps": 1.3},
    {"video_maxlen": 9, "video_fps": 7.0},
    {"video_max_pixels": 50176, "video_maxlen": 12},
    {"video_min_pixels": 4000, "video_max_pixels": 1204224, "video_maxlen": 21},
    {"video_fps": 1.7, "video_maxlen": 4},
    {"image_max_pixels": 6272, "image_min_pixels": 784, "video_min_pixels": 3136},
)
PARTS, LISTS = 4, (5, 6)
"""The entries whose media stand in parts, and those whose videos are lists of frames."""
TEXTS = ("What happens in", "at ", "(", "12", "\n", "<|im_end|>", "5 seconds", "", "<0.3 seconds>", " then.", "जो हुआ")


def make_films(folder: Path, dice: random.Random, *, few: bool) -> list[str]:
    """Whole videos of several lengths, rates, sizes and containers; `few`: of common containers alone."""
    films = [] if few else [name for name in make_videos(folder, dice.randrange(10**6)) if "damaged" not in name]
    for number in range(8 if few else 14):
        films.append(f"film{number}.{dice.choice(['mp4', 'mkv', 'avi', 'mov'])}")
        frames = dice.choice([1, 2, 3, 5, 24, 77, 130, 400])
        film(folder / films[-1], frames, dice.choice([5, 24, 25, 30]), dice.choice(SIZES))
    return films


def make_swift_videos(folder: Path, seed: int, rows: int, *, few: bool = False, **settings) -> dict:
    """A corpus with an entry for each of SETTINGS. `rows`: of all entries together; `few` videos for them; `settings`
    of each.
    """
    dice = random.Random(seed)
    films = make_films(folder, dice, few=few)
    images = {f"{n}.png": {"mode": "RGB", "size": (64 + 40 * n, 80)} for n in range(4)}
    frames = {f"f{n}.png": {"mode": dice.choice(("RGB", "RGBA", "L")), "size": dice.choice(SIZES)} for n in range(9)}
    images |= frames | {"cut.png": {"mode": "RGB", "size": (300, 300), "keep": 0.5}}
    lists = [[name] * dice.choice((1, 2, 3, 4, 7)) for name in frames]
    lists += [["f0.png", "0.png"], ["f1.png", "gone.png"], ["cut.png"], [], ["0.png", "1.png", "2.png"]]
    entries = []
    for number, said in enumerate(SETTINGS):
        given = lists if number in LISTS else films
        own = {
            "trainer": "ms-swift",
            "cutoff_len": dice.choice((100, 400, 100_000)),
            "image_max_pixels": 262144,
            "image_min_pixels": 3136,
            "truncation_strategy": dice.choice(("delete", "left", "right")),
            **said,
            **settings,
        }
        pictures = [f"{n}.png" for n in range(4)]
        made = [_row(dice, given, pictures, parts=number == PARTS) for _ in range(max(rows // len(SETTINGS), 1))]
        entries.append(
            {"name": f"v{number}", "suffix": "jsonl", "formatting": "ms-swift", "rows": made, "settings": own}
        )
    return {"images": images, "entries": entries}


def _row(dice: random.Random, films: list, images: list[str], *, parts: bool) -> dict:
    row: dict = {"messages": []}
    media: dict = {"video": [], "image": []}
    for turn in range(2 * dice.choice((1, 1, 2))):
        asks = turn % 2 == 0
        content: list[dict] = [{"type": "text", "text": dice.choice(TEXTS)}]
        for _ in range(dice.choice((0, 1, 1, 2)) if asks or dice.random() < 0.05 else 0):
            kind = dice.choice(("video", "video", "image"))
            path = dice.choice(films if kind == "video" else images)
            media[kind].append(path)
            content += [{"type": kind, kind: path}, {"type": "text", "text": dice.choice(TEXTS)}]
        content.append({"type": "text", "text": dice.choice(TEXTS)})
        role = "user" if asks else "assistant"
        if asks and turn and dice.random() < 0.2:
            role = "tool"
        row["messages"].append({"role": role, "content": content if parts and role != "tool" else _tagged(content)})
    if dice.random() < 0.2:
        row["messages"].insert(0, {"role": "system", "content": dice.choice(("", "Be brief.", "<video> is"))})
    if parts:
        return row
    row |= {"videos": media["video"], "images": media["image"]}
    _spoil(dice, row, films)
    return row


def _tagged(content: list[dict]) -> str:
    return "".join(part["text"] if part["type"] == "text" else f"<{part['type']}>" for part in content)


def _spoil(dice: random.Random, row: dict, films: list) -> None:
    fault = dice.randrange(40)
    message = dice.choice(row["messages"])
    if fault in (0, 1):
        row["videos"].append(dice.choice(films))
    elif fault in (2, 3):
        message["content"] += "<video>"
    elif fault == 4:
        message["content"] = message["content"].replace("<video>", "", 1)
    elif fault == 5:
        row["videos"].append(["gone.png"] if isinstance(films[0], list) else "gone.mp4")
    elif fault == 6:
        message["content"] += "<|video_pad|><|image_pad|>"
    elif fault == 7:
        message["content"] = "<image>" + message["content"]
    elif fault == 8:
        row["videos"] = None
