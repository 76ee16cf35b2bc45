"""Videos of a registry's rows, under qwen-vl-utils, read by decord, and under TRL, read by torchcodec: random rows are
equal. Damaged ones may end decord, and are left out.
"""

import os
import random
from collections import Counter

import pytest

from tests.conftest import ALL_TAGS
from tests.environments import needs_trainer
from tests.oracle.compare import our_answers
from tests.oracle.corpus import write_corpus
from tests.oracle.videos import film, make_videos
from tests.trainers.compare import PROCESSORS, TOKENS, ask
from tests.trainers.own import differences

SEED = int(os.environ.get("MMVALIDATE_SEED", random.SystemRandom().randrange(10**9)))
ROWS = int(os.environ.get("MMVALIDATE_TRAINER_ROWS", 120)) // 2
COMPARED = ("status", "len", "labels", "image_tokens", "video_tokens", "sha")
SIZES = ((64, 48), (48, 200), (320, 240), (30, 90), (640, 360), (100, 6), (1280, 720))
SETTINGS = (
    {},
    {"video_max_pixels": 40000, "video_min_pixels": 3136, "video_fps": 1.3},
    {"video_maxlen": 9, "video_fps": 7.0},
    {"video_min_pixels": 4000, "video_maxlen": 20},
)
"""What a row may say of its videos, the same for all of an entry."""


def make_corpus(folder, dice, trainer, processor, sizes=SIZES):
    """Entries of random rows with videos and images in any question."""
    films = [name for name in make_videos(folder, dice.randrange(10**6)) if "damaged" not in name]
    for number in range(14):
        films.append(f"film{number}.{dice.choice(['mp4', 'mkv', 'avi', 'mov'])}")
        frames = dice.choice([1, 2, 3, 5, 24, 77, 130, 400])
        film(folder / films[-1], frames, dice.choice([5, 24, 25, 30]), dice.choice(sizes))
    images = {f"{n}.png": {"mode": "RGB", "size": (64 + 40 * n, 80)} for n in range(4)}
    entries = []
    for number, said in enumerate(SETTINGS):
        rows = []
        for _ in range(max(ROWS // len(SETTINGS), 1)):
            row = {"messages": [], "videos": [], "images": []}
            for turn in range(2 * dice.choice((1, 1, 2))):
                text = dice.choice(["What happens in", "at ", "(", "12", "\n"])
                for _ in range(dice.choice((0, 1, 1, 2)) if turn % 2 == 0 else 0):
                    kind = dice.choice(("video", "video", "image"))
                    text += f"<{kind}>" + dice.choice(["", " and ", "?", "\n"])
                    row[f"{kind}s"].append(dice.choice(films if kind == "video" else list(images)))
                role = "assistant" if turn % 2 else "user"
                row["messages"].append({"role": role, "content": text + dice.choice(["", " then.", "5"])})
            if dice.random() < 0.05:
                row["videos"].append("gone.mp4")
            rows.append(row)
        columns = {"messages": "messages", "videos": "videos", "images": "images"}
        settings = {"cutoff_len": dice.choice((300, 100_000)), "image_max_pixels": 262144, "image_min_pixels": 3136}
        settings |= {"trainer": trainer, "processor": processor, **said}
        entries.append(
            {
                "name": f"v{number}",
                "suffix": "json",
                "columns": columns,
                "tags": ALL_TAGS,
                "rows": rows,
                "settings": settings,
            }
        )
    return {"images": images, "entries": entries}


@pytest.mark.parametrize("model", TOKENS)
@needs_trainer("hf-videos")
def test_rows_under_trl(model, tmp_path, monkeypatch):
    corpus = make_corpus(tmp_path, random.Random(SEED), "trl", PROCESSORS[model], sizes=SIZES[:4])
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    for entry in corpus["entries"]:
        entry["settings"] = {key: value for key, value in entry["settings"].items() if not key.startswith("video")}
    given = {"corpus": corpus, "folder": str(tmp_path), "tokens": TOKENS[model], "model": model}
    theirs = ask("hf-videos", "judge_hf", given, tmp_path)
    answers, differing, statuses = our_answers(registry, corpus), [], Counter()
    for spec in corpus["entries"]:
        mine = answers[spec["name"]]
        statuses.update(answer["status"] for answer in mine)
        differing += differences(mine, theirs[spec["name"]], spec["rows"])
    print(f"videos under trl {model}: {dict(statuses)}")
    assert statuses["ok"] > 0.3 * statuses.total()
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])


@pytest.mark.parametrize("model", ["qwen2-vl", "qwen2.5-vl"])
@needs_trainer("hf")
def test_fresh_random_rows(model, tmp_path, monkeypatch):
    processor = {"qwen2-vl": "embedded"}.get(model, model)
    corpus = make_corpus(tmp_path, random.Random(SEED), "qwen-vl-utils", processor)
    registry = write_corpus(corpus, tmp_path)
    monkeypatch.chdir(tmp_path)
    given = {"corpus": corpus, "folder": str(tmp_path), "tokens": TOKENS[model], "model": model}
    theirs = ask("hf", "judge_qwen", given, tmp_path)
    answers, differing, statuses = our_answers(registry, corpus), [], Counter()
    for spec in corpus["entries"]:
        for row, (mine, other) in enumerate(zip(answers[spec["name"]], theirs[spec["name"]], strict=True)):
            statuses[mine["status"]] += 1
            if mine["status"] == "unchecked":
                continue
            if any((mine.get(key) or 0) != (other.get(key) or 0) for key in COMPARED):
                said = {**spec["settings"], **spec["rows"][row]}
                differing.append(f"{spec['name']} row {row}: ours {mine}, theirs {other}\n  {str(said)[:700]}")
    print(f"videos under qwen-vl-utils {model}: {dict(statuses)}")
    assert statuses["ok"] > 0.4 * statuses.total()
    assert differing == [], f"MMVALIDATE_SEED={SEED}\n" + "\n".join(differing[:10])
