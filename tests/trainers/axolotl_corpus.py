"""Random files as axolotl's users have them, good and malformed; equal for equal seeds."""

import json
import random

from tests.oracle.corpus import SIZES, some_text

SHAPES = ("plain", "parts", "inline", "conversations", "image", "mixed", "plain", "parts")
BEGINNINGS = ("\n", " \n", "\n\n\nlines", "  ", "\r\n", "\t\n x", "<image>", "<video> of")
ROLES = ("human", "gpt", "System", "function_call", "tool", "observation", "ai-2", None, "", "a b")
WORDS = ("<|image_pad|>", "<|im_end|>", "<|vision_start|>", "<|endoftext|>", "<|video_pad|>", "<image>")


def make_axolotl_corpus(seed: int, rows: int) -> dict:
    """Files by name, with rows and settings. `rows`: of all files together, about."""
    dice = random.Random(seed)
    suffixes = ("png", "jpg", "webp")
    images = {f"i{seed}/{number}.{dice.choice(suffixes)}": {"mode": "RGB", "size": _size(dice)} for number in range(16)}
    images |= {f"i{seed}/{mode}.png": {"mode": mode, "size": (70, 90)} for mode in ("L", "RGBA", "P", "1")}
    images |= {f"i{seed}/turned.jpg": {"mode": "RGB", "size": (300, 90), "orientation": 6}}
    files = {}
    for number in range(16):
        shape = SHAPES[number % len(SHAPES)]
        column = "image" if shape == "image" else "images" if number % 4 != 3 else None
        settings = {"image_max_pixels": dice.choice((262144, 1048576, 12845056))}
        made = [_row(dice, shape, list(images), column) for _ in range(max(rows // 16, 2))]
        suffix = dice.choice(("jsonl", "json", "parquet"))
        files[f"a{seed}_{number}.{suffix}"] = {"rows": made, "settings": settings}
    return {"images": images, "files": files}


def _size(dice: random.Random) -> tuple[int, int]:
    return dice.choice((*SIZES[:10], (dice.randint(1, 700), dice.randint(1, 700)), (dice.randint(30, 500), 300)))


def _text(dice: random.Random) -> str:
    text = some_text(dice, 3)
    if dice.random() < 0.03:
        text += dice.choice(("<|im_end|>", "<|im_start|>", "<|im_start|>user\n", "<|im_end|>\n<|im_start|>system\n"))
    return dice.choice(BEGINNINGS) + text if dice.random() < 0.2 else text


def _row(dice: random.Random, shape: str, names: list[str], column: str | None) -> dict:
    """`column`: of images, None where the table has none."""
    roles = ["system"] if dice.random() < 0.3 else []
    for _ in range(dice.choice((1, 1, 2, 3))):
        roles += dice.choice((["user"], ["user"], ["user", "user"], ["user", "tool"], ["user", "system"]))
        roles += dice.choice((["assistant"], ["assistant"], ["assistant"], ["assistant", "assistant"], []))
    messages = [{"role": role, "content": _text(dice)} for role in roles]
    shown = [dice.choice(names) for _ in range(dice.choice((0, 0, 1, 1, 1, 2)))] if column else []
    if shape in ("parts", "inline", "mixed"):
        _in_parts(dice, messages, shown, names, shape)
    row: dict = {"messages": messages}
    if shape == "conversations":
        words = {"user": "human", "assistant": "gpt"} if dice.random() < 0.7 else {}
        told = [{"from": words.get(one["role"], one["role"]), "value": one["content"]} for one in messages]
        row = {"conversations": told}
        if dice.random() < 0.05:
            row["messages"] = messages
    if column:
        row[column] = shown or (None if dice.random() < 0.8 else [])
    if dice.random() < 0.15:
        _spoil(dice, row, column, names)
    return row


def _in_parts(dice: random.Random, messages: list, shown: list, names: list[str], shape: str) -> None:
    """Write contents in parts, some with images of their own, some with places for that of the column."""
    for message in messages:
        if shape == "mixed" and dice.random() < 0.5:
            continue
        text = message["content"]
        cut = dice.randint(0, len(text))
        parts: list[dict] = [{"type": "text", "text": text[:cut]}, {"type": "text", "text": text[cut:]}]
        if dice.random() < 0.6:
            parts = [{"type": "text", "text": text}]
        likely = {"user": 0.5, "assistant": 0.08, "tool": 0.1, "system": 0.02}[message["role"]]
        if shape == "inline" and dice.random() < likely:
            key = dice.choice(("image", "image", "path", "url"))
            part: dict = {"type": "image", key: dice.choice(names)}
            if dice.random() < 0.15:
                part = {"type": "image_url", "image_url": {"url": dice.choice(names)}}
            parts.insert(dice.randint(0, len(parts)), part)
        elif shape != "inline" and shown and dice.random() < likely:
            parts.insert(dice.randint(0, len(parts)), {"type": "image"})
            if dice.random() < 0.8:
                likely = 0
        message["content"] = parts


def _spoil(dice: random.Random, row: dict, column: str | None, names: list[str]) -> None:
    name = "messages" if "messages" in row else "conversations"
    role, content = ("role", "content") if name == "messages" else ("from", "value")
    message, fault = dice.choice(row[name]), dice.randrange(12)
    if fault == 0:
        message[role] = dice.choice(ROLES)
    elif fault == 1:
        message[content] = dice.choice((None, 5, {"a": "b"}, True))
    elif fault == 2 and column:
        row[column] = dice.choice((["gone.png"], [None], [], "a.png", ["", names[0]], [names[0], None], [5]))
    elif fault == 3:
        row[name] = dice.choice(([], None))
    elif fault == 4:
        message[content] = [{"type": "image"}, {"type": "text", "text": "see"}]
    elif fault == 5 and isinstance(message[content], str):
        message[content] += dice.choice(WORDS)
    elif fault == 6:
        message[content] = dice.choice(
            ([], ["text"], [{"text": "a"}], [{"type": "text", "text": dice.choice((1, 2.5, None))}])
        )
    elif fault == 7:
        message.pop(dice.choice((role, content)))
    elif fault == 8:
        message["tool_calls"] = [{"name": "f", "arguments": "{}"}]
    elif fault == 9:
        message[content] = [{"type": "text", "text": "a", "image": dice.choice((None, names[0]))}]
    elif fault == 10:
        row[name].insert(dice.randint(0, len(row[name])), dice.choice(("hi", None, ["x"])))
    elif fault == 11:
        row["note"] = json.dumps(names[0])
