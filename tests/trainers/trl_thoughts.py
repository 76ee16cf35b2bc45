"""Random rows with thoughts as TRL's users have them, whole and broken; equal for equal seeds."""

import hashlib
import json
import random
from pathlib import Path

from tests.oracle.corpus import WORDS, some_text
from tests.oracle.model_folder import make_folder
from tests.oracle.thoughts import PIECES
from validator.models import chat_templates

MODELS = tuple(chat_templates.ASKED)
FILES = 12
ENDS = ("", "", "", "\n", " ", "\n\n", "\u3000", "\x1f", "\n \n")


def folder_of(model: str, folder: Path, monkeypatch) -> str:
    """A folder of a model, named by its template, for which a text of ours stands: the judge has the real one."""
    files = make_folder(folder / "model")
    text = f"{model}, which is not ours to ship".encode()
    (files / chat_templates.FILE).write_bytes(text)
    monkeypatch.setattr(chat_templates, "PUBLISHED", {hashlib.sha256(text).hexdigest(): model})
    return str(files)


def make_trl_thoughts(seed: int, rows: int) -> dict:
    """Files by name, with rows and settings, half of them with pictures. `rows`: of all files together."""
    dice = random.Random(seed)
    images = {f"i{seed}/{n}.png": {"mode": "RGB", "size": (60 + 40 * n, 80)} for n in range(4)}
    files = {}
    for number in range(FILES):
        pictured, prompts = number % 2 == 0, number % 3 == 0
        settings = {
            "cutoff_len": dice.choice((24, 200, 8192, 8192)),
            "image_max_pixels": dice.choice((262144, 1048576)),
            "image_min_pixels": 3136,
        }
        if number % 4 in (1, 2) and not (prompts and pictured):
            settings["assistant_only_loss"] = True
        if prompts and dice.random() < 0.5:
            settings["completion_only_loss"] = dice.choice((True, False))
        made = [_row(dice, list(images), pictured=pictured, prompts=prompts) for _ in range(max(rows // FILES, 1))]
        files[f"t{seed}_{number}.jsonl"] = {"rows": made, "settings": settings}
    return {"images": images, "files": files}


def _row(dice: random.Random, images: list[str], *, pictured: bool, prompts: bool) -> dict:
    messages: list[dict] = []
    for _ in range(dice.choice((1, 1, 2, 3))):
        for _ in range(dice.choice((1, 1, 1, 1, 2))):
            role = dice.choice(("user", "user", "user", "user", "tool"))
            messages.append({"role": role, "content": said(dice, 1)})
        for _ in range(dice.choice((1, 1, 1, 2))):
            messages.append({"role": "assistant", "content": said(dice, 3)})
            if dice.random() < 0.25:
                messages[-1]["reasoning_content"] = dice.choice((said(dice, 1), said(dice, 1), "", None))
    if dice.random() < 0.4:
        messages.insert(0, {"role": "system", "content": said(dice, 1)})
    if dice.random() < 0.03:
        messages.append({"role": "system", "content": "Later."})
    shown = [dice.choice(images) for _ in range(dice.choice((0, 1, 1, 2)))] if pictured else []
    row: dict = {"messages": messages}
    if prompts:
        cut = max(place for place, message in enumerate(messages) if message["role"] == "assistant")
        while cut > 1 and messages[cut - 1]["role"] == "assistant":
            cut -= 1
        if dice.random() < 0.1:
            cut = dice.randint(1, max(len(messages) - 1, 1))
        row = {"prompt": messages[:cut], "completion": messages[cut:]}
    elif pictured and dice.random() < 0.5:
        shown = _in_parts(dice, messages, shown)
    if pictured:
        row["images"] = shown
    if dice.random() < 0.2:
        tool = {"name": "find", "description": dice.choice(WORDS), "über": [1.5, None]}
        row["tools"] = json.dumps(dice.choice(([tool], [{"type": "function", "function": tool}, tool], [])))
    return row


def _in_parts(dice: random.Random, messages: list[dict], shown: list[str]) -> list[str]:
    """Contents in parts, the images in any question or answer."""
    parts = {place: [{"type": "text", "text": one["content"]}] for place, one in enumerate(messages)}
    places = [place for place, one in enumerate(messages) if one["role"] in ("user", "assistant")]
    for place in sorted(dice.choice(places) for _ in shown):
        last = parts[place].pop()["text"]
        cut = dice.randint(0, len(last))
        parts[place] += [{"type": "text", "text": last[:cut]}, {"type": "image"}, {"type": "text", "text": last[cut:]}]
    for place, message in enumerate(messages):
        message["content"] = parts[place]
    return shown


def said(dice: random.Random, most: int) -> str:
    """Some text among thoughts."""
    pieces = [dice.choice(PIECES).replace("{}", some_text(dice, 2)) for _ in range(dice.randint(0, most))]
    return dice.choice(ENDS) + "".join(pieces) + dice.choice(ENDS)
