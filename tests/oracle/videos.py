"""Videos of every common container, whole and damaged, made on the spot."""

import random
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from tests.conftest import TAGS, say

CODECS = {"mp4": "mpeg4", "mov": "libx264", "avi": "mpeg4", "mkv": "libx264", "webm": "libvpx", "ts": "mpeg2video"}
LENGTHS = ((1, 25), (7, 25), (30, 25), (300, 30))


def film(path: Path, frames: int, rate: int, size=(64, 48)) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODECS[path.suffix[1:]], rate=Fraction(rate))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", size, (number % 250,) * 3))))
        container.mux(stream.encode())


def make_videos(folder: Path, seed: int) -> list[str]:
    """The names of the videos made in a folder: whole ones of several lengths, cut ones, ones with changed bytes, and
    one of a codec that nobody knows.
    """
    dice = random.Random(seed)
    names = []
    for suffix in CODECS:
        for frames, rate in LENGTHS:
            names.append(f"{frames}.{suffix}")
            film(folder / names[-1], frames, rate)
        whole = (folder / f"30.{suffix}").read_bytes()
        for number in range(8):
            data = bytearray(whole[: dice.randrange(10, len(whole))] if number % 2 else whole)
            for _ in range(dice.choice((1, 5, 30)) if number % 2 == 0 else 0):
                data[dice.randrange(len(data))] = dice.randrange(256)
            names.append(f"damaged{number}.{suffix}")
            (folder / names[-1]).write_bytes(data)
    unknown = (folder / "30.avi").read_bytes().replace(b"FMP4", b"ZZZZ")
    (folder / "unknown.avi").write_bytes(unknown)
    return [*names, "unknown.avi"]


def make_video_corpus(folder: Path, seed: int, cutoff_len: int) -> dict:
    """Rows with whole and damaged videos, several in a row, and lists of frames."""
    names = make_videos(folder, seed)
    for number, size in enumerate([(100, 80)] * 5 + [(50, 80)]):
        Image.new("RGB", size).save(folder / f"{number}.png")
    rows = [say("<video>What?", "That.", videos=[name]) for name in [*names, "gone.mp4", ".", "0.png"]]
    pairs = (("30.ts", "30.webm"), ("30.ts", "30.mp4"), ("1.mp4", "300.avi"))
    rows += [say("<video>a<video>", "b", "c", "d", videos=list(pair)) for pair in pairs]
    frames = ([0], [0, 1], [0, 1, 2], [0, 1, 2, 3, 4], [0, 5], [0, 9], [])
    lists = [say("<video>What?", "That.", videos=[[f"{n}.png" for n in numbers]]) for numbers in frames]
    entry = {"suffix": "json", "columns": {"messages": "messages", "videos": "videos"}, "tags": TAGS}
    entry["settings"] = {"cutoff_len": cutoff_len}
    return {"images": {}, "entries": [{**entry, "name": "v", "rows": rows}, {**entry, "name": "f", "rows": lists}]}


def make_timed_corpus(folder: Path, seed: int, rows: int, **settings) -> dict:
    """Random rows with videos of several lengths, rates and sizes, and images, in any turn: alone, within text, several
    in a row, in calls and in what tools answer.
    """
    dice = random.Random(seed)
    films = []
    for number in range(12):
        size = dice.choice([(64, 48), (48, 200), (320, 240), (30, 90), (640, 360)])
        films.append(f"film{number}.{dice.choice(['mp4', 'mkv', 'avi'])}")
        film(folder / films[-1], dice.choice([1, 3, 24, 77, 130, 400]), dice.choice([5, 24, 25, 30]), size)
    for number in range(4):
        Image.new("RGB", (64 + number, 80)).save(folder / f"{number}.png")
    choices = [*films, *([f"{n}.png" for n in range(count)] for count in (1, 2, 3, 4))]
    made = []
    for _ in range(rows):
        row = {"messages": [], "videos": [], "images": []}
        for turn in range(2 * dice.choice((1, 1, 1, 2, 3))):
            role = ("user", "observation")[dice.random() < 0.2] if turn % 2 == 0 else "assistant"
            text = dice.choice(["", "What happens in", "at ", "(", "<", "12", "\n"])
            for _ in range(dice.choice((0, 0, 1, 1, 2)) if turn == 0 or dice.random() < 0.15 else 0):
                kind = dice.choice(("video", "video", "video", "image"))
                text += f"<{kind}>" + dice.choice(["", " and ", "?", "\n", "5 seconds"])
                row[f"{kind}s"].append(dice.choice(choices) if kind == "video" else f"{dice.randrange(4)}.png")
            row["messages"].append({"role": role, "content": text + dice.choice(["", " then.", "5"])})
        made.append(row)
    columns = {"messages": "messages", "videos": "videos", "images": "images"}
    entry = {"suffix": "json", "columns": columns, "tags": TAGS | {"observation_tag": "observation"}}
    lists = [row for row in made if any(isinstance(video, list) for video in row["videos"])]
    single = [row for row in made if not any(isinstance(video, list) for video in row["videos"])]
    for row in lists:
        row["videos"] = [
            [video] if isinstance(video, str) and video.endswith("png") else video for video in row["videos"]
        ]
        row["videos"] = [video if isinstance(video, list) else ["0.png", "0.png"] for video in row["videos"]]
    entries = [("v", single), ("f", lists)]
    return {"images": {}, "entries": [{**entry, "name": n, "rows": r, "settings": settings} for n, r in entries]}
