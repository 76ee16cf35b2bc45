"""Random files of rows with videos as LLaMA-Factory v1 reads them, by each converter and without one; equal for equal
seeds.
"""

import random
from pathlib import Path

from tests.trainers.film_corpus import make_films

CONVERTERS = ("sharegpt", "sharegpt", "alpaca", None)
LIMITS = (120, 400, 1500, 2048, 100000, 100000)
TEXTS = ("What happens in", "at ", "(", "12", "\n", "")
BEHIND = ("", " and ", "?", "\n", "5 seconds", "<|video_pad|>")


def make_v1_films(seed: int, rows: int, folder: Path) -> dict:
    """Files by name, with rows, converters and settings. `rows`: of all files together, about."""
    dice = random.Random(seed)
    films = make_films(folder, dice)
    images = {f"v{n}.png": {"mode": "RGB", "size": (64 + 40 * n, 80)} for n in range(4)}
    files = {}
    for number in range(12):
        converter = CONVERTERS[number % len(CONVERTERS)]
        make = {"sharegpt": _conversation, "alpaca": _pair, None: _blocks}[converter]
        settings = {"cutoff_len": dice.choice(LIMITS), "image_max_pixels": dice.choice((100000, 12845056))}
        made = [make(dice, films, list(images)) for _ in range(max(rows // 12, 1))]
        suffix = dice.choice(("jsonl", "json", "parquet"))
        files[f"w{seed}_{number}.{suffix}"] = {"rows": made, "settings": settings, "converter": converter}
    return {"images": images, "files": files}


def _shown(dice: random.Random, films: list[str], images: list[str], most: int) -> list[tuple[str, str]]:
    """Kinds and names of the media of a message."""
    kinds = [dice.choice(("video", "video", "image")) for _ in range(dice.randint(0, most))]
    gone = dice.random() < 0.03
    return [(kind, "gone.mp4" if gone else dice.choice(films if kind == "video" else images)) for kind in kinds]


def _turns(dice: random.Random) -> list[str]:
    roles = ["system"] if dice.random() < 0.2 else []
    for _ in range(dice.choice((1, 1, 2))):
        roles += ["tool", "assistant"] if dice.random() < 0.1 else ["user", "assistant"]
    return [*roles, "user"] if dice.random() < 0.1 else roles


def _most(dice: random.Random, role: str) -> int:
    """Of the media of a message."""
    return 2 if role == "user" else int(dice.random() < 0.15)


def _conversation(dice: random.Random, films: list[str], images: list[str]) -> dict:
    words = {"user": "human", "assistant": "gpt", "tool": "observation", "system": "system"}
    row: dict = {"conversations": [], "images": [], "videos": []}
    for role in _turns(dice):
        text = dice.choice(TEXTS) or "So"
        for kind, name in _shown(dice, films, images, _most(dice, role)):
            text += f"<{kind}>" + dice.choice(BEHIND)
            row[f"{kind}s"].append(name)
        row["conversations"].append({"from": words[role], "value": "That" + text if role == "assistant" else text})
    if dice.random() < 0.05:
        row["videos"].append(dice.choice(films))
    return row


def _pair(dice: random.Random, films: list[str], images: list[str]) -> dict:
    row: dict = {"instruction": "", "input": dice.choice(TEXTS), "output": dice.choice(("That.", "5", "<video>"))}
    row |= {"images": [], "videos": []}
    for kind, name in _shown(dice, films, images, 2):
        row["instruction"] += f"<{kind}>" + dice.choice(BEHIND)
        row[f"{kind}s"].append(name)
    return row


def _blocks(dice: random.Random, films: list[str], images: list[str]) -> dict:
    messages = []
    for role in _turns(dice):
        blocks = [{"type": "text", "value": dice.choice(TEXTS) or "So"}]
        for kind, name in _shown(dice, films, images, _most(dice, role)):
            blocks.append({"type": f"{kind}_url", "value": name})
            blocks.append({"type": "text", "value": dice.choice(BEHIND)})
        if role == "assistant":
            blocks.insert(0, {"type": "text", "value": "That"})
        messages.append({"role": role, "content": blocks, "loss_weight": float(role == "assistant")})
    return {"messages": messages}
