"""Random files with entries of a meta file of NeMo AutoModel, good and malformed; equal for equal seeds."""

import json
import random
from pathlib import Path

from tests.oracle.corpus import SIZES, draw, some_text

LIMITS = (40, 96, 333, 1024, 2048, 4096, 20000)
ENTRIES = (
    {},
    {"columns": {"messages": "conversations"}, "tags": {"role_tag": "from", "content_tag": "value", "user_tag": "human",
                                                        "assistant_tag": "gpt"}},
    {"columns": {"messages": "chat", "images": "pictures"}, "tags": {"system_tag": "boss"}},
    {"media_dir": "pics"},
)  # fmt: skip
WITHIN = ("<im<image>age>", "<|im_<image>end|>")
TOKENS = ("<|image_pad|>", "<|vision_start|>", "<|endoftext|>")
BEGINNINGS = ("\n", " \n", "\n\nx", "  ", "\r\n", "\t\n x")


def make_nemo_corpus(seed: int, rows: int) -> dict:
    """Files by name, with rows, an entry and settings. `rows`: of all files together, about."""
    dice = random.Random(seed)
    suffixes = ("png", "jpg", "webp", "gif", "bmp")
    images = {f"i{number}.{dice.choice(suffixes)}": {"mode": "RGB", "size": _size(dice)} for number in range(16)}
    images |= {f"{mode}.png": {"mode": mode, "size": (70, 90)} for mode in ("L", "RGBA", "P", "1", "LA", "I;16")}
    images["far.png"] = {"mode": "RGB", "size": (6000, 20)}
    images["half.png"] = {"mode": "RGB", "size": (300, 200), "keep": 0.5}
    files = {}
    for number in range(16):
        entry = ENTRIES[number % len(ENTRIES)]
        settings = {"cutoff_len": dice.choice(LIMITS), "image_max_pixels": dice.choice((262144, 1048576, 12845056))}
        made = [_row(dice, list(images), entry) for _ in range(max(rows // 16, 2))]
        name = f"n{seed}_{number}"
        files[name] = {"rows": made, "settings": settings, "entry": entry, "suffix": dice.choice(("json", "jsonl"))}
    return {"images": images, "files": files}


def _size(dice: random.Random) -> tuple[int, int]:
    return dice.choice((*SIZES[:10], (dice.randint(1, 700), dice.randint(1, 700)), (dice.randint(30, 500), 300)))


def _text(dice: random.Random) -> str:
    text = some_text(dice, 3).replace("<image>", "image").replace("<video>", "video")
    for word in ("<|im_start|>", "<|im_end|>"):
        text = text.replace(word, "so") if dice.random() < 0.9 else text
    if dice.random() < 0.03:
        text += dice.choice(WITHIN)
    return dice.choice(BEGINNINGS) + text if dice.random() < 0.1 else text


def _row(dice: random.Random, names: list[str], entry: dict) -> dict:
    columns, tags = entry.get("columns", {}), entry.get("tags", {})
    words = {role: tags.get(f"{role}_tag", role) for role in ("user", "assistant", "system")} | {"tool": "tool"}
    role_tag, content_tag = tags.get("role_tag", "role"), tags.get("content_tag", "content")
    roles = ["system"] if dice.random() < 0.3 else []
    for _ in range(dice.choice((1, 1, 2, 3))):
        roles += dice.choice((["user"], ["user"], ["user"], ["user", "user"], ["tool"], ["user", "system"]))
        roles += dice.choice((["assistant"], ["assistant"], ["assistant", "assistant"], []))
    shown, messages = [], []
    for role in roles:
        text = _text(dice)
        if dice.random() < {"user": 0.5, "assistant": 0.05}.get(role, 0.02):
            for _ in range(dice.choice((1, 1, 2))):
                place = dice.randint(0, len(text))
                text = f"{text[:place]}{dice.choice(('<image>', '<image>', '<Image>'))}{text[place:]}"
            if role == "user":
                shown += [dice.choice(names) for _ in range(text.lower().count("<image>"))]
        messages.append({role_tag: words[role], content_tag: text})
    row: dict = {columns.get("messages", "messages"): messages}
    if shown or dice.random() < 0.5:
        row[columns.get("images", "images")] = shown if shown or dice.random() < 0.7 else None
    if dice.random() < 0.15:
        _spoil(dice, row, messages, columns, (role_tag, content_tag), names)
    return row


def _spoil(dice, row, messages, columns, keys, names) -> None:
    fault, column = dice.randrange(9), columns.get("images", "images")
    message = dice.choice(messages) if messages else {}
    if fault == 0:
        message[keys[0]] = dice.choice(("human", "gpt", None, 5))
    elif fault == 1:
        message[keys[1]] = dice.choice((None, 5, ["x"], 1.5, True))
    elif fault == 2:
        row[column] = [*(row.get(column) or []), dice.choice(("gone.png", names[0]))]
    elif fault == 3 and row.get(column):
        row[column].pop()
    elif fault == 4:
        row[columns.get("messages", "messages")] = dice.choice(([], None))
    elif fault == 5 and row.get(column):
        row[column][0] = dice.choice((None, "gone.png", {"path": names[0]}, "db::x"))
    elif fault == 6:
        message[keys[1]] = str(message.get(keys[1])) + dice.choice(TOKENS)
    elif fault == 7:
        message.pop(keys[1], None)
    elif fault == 8:
        row.pop(columns.get("messages", "messages"))


def write_nemo_corpus(corpus: dict, folder: Path) -> dict[str, dict]:
    """Write the files, and a registry for each; the path of that and the settings of each. Images lie twice: where
    training is started, and in the folder of media that some entries name.
    """
    draw(folder, corpus["images"])
    draw(folder / "pics", corpus["images"])
    written = {}
    for name, file in corpus["files"].items():
        path = folder / f"{name}.{file['suffix']}"
        lines = [json.dumps(row, ensure_ascii=False) for row in file["rows"]]
        text = "".join(f"{line}\n" for line in lines) if file["suffix"] == "jsonl" else f"[{','.join(lines)}]"
        path.write_text(text, encoding="utf-8")
        entry = {"file_name": path.name, "formatting": "sharegpt", **file["entry"]}
        (folder / f"{name}_info.json").write_text(json.dumps({"data": entry}))
        written[name] = {"file": f"{name}_info.json", "settings": file["settings"]}
    return written
