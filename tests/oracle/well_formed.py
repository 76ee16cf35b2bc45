"""Random rows as they should be: placeholders in user and observation turns, no special tokens in text, intact media of
many kinds, within the cutoff.
"""

import json
import random
from pathlib import Path

from PIL import Image

from tests.conftest import ALL_TAGS
from tests.oracle.corpus import SIZES, WORDS

PLAIN = [word for word in WORDS if "<|" not in word or "<|image|>" in word]
FORMATS = {"RGB": ("png", "jpg", "webp", "bmp"), "L": ("png", "jpg"), "RGBA": ("png", "webp"), "P": ("png", "gif"),
           "1": ("png",), "LA": ("png",), "CMYK": ("jpg",), "I;16": ("png",)}  # fmt: skip
SETTINGS = {"cutoff_len": 8192, "image_max_pixels": 1048576}
COLUMNS = {"messages": "messages", "images": "images", "system": "system", "tools": "tools"}


def make_well_formed(seed: int, rows: int, folder: Path) -> dict:
    """Write a registry of ten entries with images; returns it in the form of tests/oracle/corpus.py."""
    dice = random.Random(seed)
    names = [draw(dice, folder, number) for number in range(60)]
    registry, entries = {}, []
    for number in range(10):
        name = f"good_{number}"
        made = [make_row(dice, names) for _ in range(rows // 10)]
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in made), "utf-8")
        spec = {"columns": COLUMNS, "tags": ALL_TAGS}
        registry[name] = {"file_name": f"{name}.jsonl", "formatting": "sharegpt", **spec}
        entries.append({"name": name, "suffix": "jsonl", **spec, "settings": SETTINGS, "rows": made})
    (folder / "dataset_info.json").write_text(json.dumps(registry))
    return {"images": {}, "entries": entries}


def draw(dice: random.Random, folder: Path, number: int) -> str:
    """An intact image of any kind: noise, enlarged."""
    mode = dice.choice(("RGB", "RGB", *FORMATS))
    size = dice.choice(SIZES) if dice.random() < 0.4 else (dice.randint(1, 1200), dice.randint(1, 1200))
    small = (min(size[0], 40), min(size[1], 40))
    if mode == "I;16":
        image = Image.frombytes(mode, size, dice.randbytes(size[0] * size[1] * 2))
    else:
        source = "RGBA" if mode in ("RGBA", "LA") else "RGB"
        noise = Image.frombytes(source, small, dice.randbytes(small[0] * small[1] * len(source)))
        image = noise.resize(size, Image.Resampling.NEAREST).convert(mode)
    name = f"{number}.{dice.choice(FORMATS[mode])}"
    image.save(folder / name)
    return name


def make_row(dice: random.Random, names: list[str]) -> dict:
    """A row with one to three exchanges and up to three images."""
    messages, images = [], []
    for _ in range(dice.choice((1, 1, 2, 3))):
        shown = dice.choice((0, 0, 1, 1, 2)) if len(images) < 2 else 0
        parts = [say(dice), *["<image>"] * shown, say(dice)]
        dice.shuffle(parts)
        messages.append({"role": "user", "content": "".join(parts)})
        images += [dice.choice(names) for _ in range(shown)]
        if dice.random() < 0.1:
            call = {"name": "find", "arguments": {"q": dice.choice(PLAIN)}}
            messages.append({"role": "function", "content": json.dumps(call, ensure_ascii=False)})
            messages.append({"role": "observation", "content": dice.choice(("<image>", "")) + say(dice)})
            images += [dice.choice(names)] * messages[-1]["content"].count("<image>")
        messages.append({"role": "assistant", "content": say(dice)})
    if dice.random() < 0.2:
        messages.insert(0, {"role": "system", "content": "You look at pictures and answer."})
    tool = {"name": "find", "description": dice.choice(PLAIN), "parameters": {"type": "object", "properties": {}}}
    return {
        "messages": messages,
        "images": images,
        "system": dice.choice(("", None, "Be kind.")),
        "tools": dice.choice(("", None, json.dumps([tool]))),
    }


def say(dice: random.Random) -> str:
    """Text of one to eight pieces; no piece is a placeholder."""
    return dice.choice((" ", "\n", "")).join(dice.choice(PLAIN) for _ in range(dice.randint(1, 8)))
