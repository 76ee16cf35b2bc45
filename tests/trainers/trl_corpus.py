"""Random files as TRL's users have them, good and malformed; equal for equal seeds."""

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle.corpus import SIZES, draw, some_text

SHAPES = ("plain", "parts", "inline", "prompts", "prompts", "conversations", "image", "mixed")
LIMITS = (24, 64, 128, 333, 1024, 8192)
MARKS = (
    "<|im_end|>",
    "<|im_start|>",
    "<|im_start|>assistant\n",
    "<|im_start|>assistant\n\nso",
    "<|im_end|>\n<|im_start|>user\nnow<|im_end|>\n<|im_start|>assistant\nyes<|im_end|>",
)
BEGINNINGS = ("\n", " \n", "\n\n\nlines", "  ", "\r\n", "\t\n x", "<image>", "<video> of")


def make_trl_corpus(seed: int, rows: int) -> dict:
    """Files by name, with rows and settings. `rows`: of all files together, about."""
    dice = random.Random(seed)
    suffixes = ("png", "jpg", "webp")
    images = {f"i{seed}/{number}.{dice.choice(suffixes)}": {"mode": "RGB", "size": _size(dice)} for number in range(16)}
    images |= {f"i{seed}/{mode}.png": {"mode": mode, "size": (70, 90)} for mode in ("L", "RGBA", "P", "1")}
    files = {}
    for number in range(16):
        shape, pictures = SHAPES[number % len(SHAPES)], number < 8 or number % 3 == 0
        if shape == "conversations":
            pictures = number % 16 == 13
        if shape in ("image", "inline"):
            pictures = number < 8
        suffix = dice.choice(("jsonl", "json", "parquet"))
        settings = {
            "cutoff_len": dice.choice(LIMITS),
            "image_max_pixels": dice.choice((262144, 1048576, 12845056)),
            "image_min_pixels": dice.choice((3136, 1024, 50000)),
        }
        if dice.random() < 0.3:
            settings["assistant_only_loss"] = True
        if shape == "prompts" and dice.random() < 0.3:
            settings["completion_only_loss"] = dice.choice((True, False))
        column = "image" if shape == "image" else "images"
        made = [_row(dice, shape, list(images), column if pictures else None) for _ in range(max(rows // 16, 2))]
        files[f"t{seed}_{number}.{suffix}"] = {"rows": made, "settings": settings, "shape": shape}
    return {"images": images, "files": files}


def add_calls(corpus: dict, seed: int) -> None:
    """Calls of tools, tools as JSON text, replies of tools side by side and later system prompts."""
    dice = random.Random(seed)
    call = {"function": {"name": "find", "arguments": '{"a": 1}'}}
    for file in corpus["files"].values():
        for row in file["rows"]:
            messages = row.get("messages") or row.get("completion") or []
            for message in messages:
                if message["role"] == "assistant" and dice.random() < 0.2:
                    message["tool_calls"] = [call] * dice.choice((1, 2))
                    message["content"] = dice.choice((None, "", message["content"], message["content"]))
                elif message["role"] == "tool" and dice.random() < 0.2:
                    message["role"] = "system"
            if dice.random() < 0.2 and messages and isinstance(messages[-1]["content"], str):
                messages.insert(dice.randint(0, len(messages)), {"role": "tool", "content": "\n12 <image>"})
            if dice.random() < 0.1:
                row["tools"] = json.dumps([{"name": "f", "über": {"b": 1.50, "a": None}}, {"type": "function"}])


def make_unsloth_corpus(seed: int, rows: int) -> dict:
    """The same, without settings that unsloth's collator lacks."""
    corpus = make_trl_corpus(seed, rows)
    dice = random.Random(seed)
    for file in corpus["files"].values():
        kept = ("cutoff_len", "image_max_pixels", "image_min_pixels")
        file["settings"] = {name: file["settings"][name] for name in kept}
        if dice.random() < 0.3:
            file["settings"]["resize"] = dice.choice(("min", "max"))
    return corpus


def make_answers_corpus(seed: int, rows: int) -> dict:
    """The same, most files under `train_on_responses_only`: texts hold what its search for answers looks for."""
    corpus = make_unsloth_corpus(seed, rows)
    dice = random.Random(seed)
    for number, file in enumerate(corpus["files"].values()):
        if number % 5 != 4:
            file["settings"]["train_on_responses_only"] = True
        for row in file["rows"]:
            _mark(dice, [*(row.get("messages") or []), *(row.get("prompt") or []), *(row.get("completion") or [])])
    return corpus


def _mark(dice: random.Random, messages: list) -> None:
    """Put control tokens into texts, and line feeds before answers."""
    for message in messages:
        if message["role"] == "assistant" and isinstance(message["content"], str) and dice.random() < 0.15:
            message["content"] = dice.choice(BEGINNINGS) + message["content"]
        if dice.random() < 0.9:
            continue
        texts = [message] if isinstance(message["content"], str) else message["content"] or []
        key = "content" if isinstance(message["content"], str) else "text"
        for part in texts:
            if isinstance(part.get(key), str):
                cut = dice.randint(0, len(part[key]))
                part[key] = part[key][:cut] + dice.choice(MARKS) + part[key][cut:]


def _size(dice: random.Random) -> tuple[int, int]:
    return dice.choice((*SIZES[:10], (dice.randint(1, 700), dice.randint(1, 700)), (dice.randint(30, 500), 300)))


def _text(dice: random.Random) -> str:
    text = some_text(dice, 3)
    return dice.choice(BEGINNINGS) + text if dice.random() < 0.2 else text


def _row(dice: random.Random, shape: str, names: list[str], column: str | None) -> dict:
    """`column`: of images, None where the table has none."""
    roles = []
    for _ in range(dice.choice((1, 1, 2, 3))):
        roles += dice.choice((["user"], ["user"], ["user", "user"], ["user", "tool"]))
        roles += dice.choice((["assistant"], ["assistant"], ["assistant"], ["assistant", "assistant"], []))
    if dice.random() < 0.3:
        roles.insert(0, "system")
    messages = [{"role": role, "content": _text(dice)} for role in roles]
    shown = [dice.choice(names) for _ in range(dice.choice((0, 0, 1, 1, 2)))] if column else []
    if column == "image":
        shown = shown[:1] or [names[0]]
    if shape in ("parts", "inline", "mixed"):
        shown = _in_parts(dice, messages, shown, names, shape)
    if dice.random() < 0.12:
        _spoil(dice, messages, shown, names)
    row: dict = {"messages": messages}
    if shape == "conversations":
        row = {"conversations": [{"from": one["role"], "value": one["content"]} for one in messages]}
    if shape == "prompts":
        cut = next((place for place, one in enumerate(messages) if one["role"] == "assistant"), len(messages) - 1)
        cut = max(cut, 1)
        row = {"prompt": messages[:cut], "completion": messages[cut:] or [{"role": "assistant", "content": "so"}]}
    if column == "image":
        row["image"] = shown[0] if shown else None
    elif column:
        row["images"] = shown if shown or dice.random() < 0.7 else None
    if dice.random() < 0.1:
        row["tools"] = dice.choice(("[]", json.dumps([{"name": "f"}]), "nope", None))
    return row


def _in_parts(dice: random.Random, messages: list, shown: list, names: list[str], shape: str) -> list:
    """Write contents in parts, those of questions with the images; what is left for the column is returned."""
    asked = [message for message in messages if message["role"] == "user"]
    left = []
    for place, message in enumerate(messages):
        if shape == "mixed" and dice.random() < 0.5:
            continue
        text = message["content"]
        cut = dice.randint(0, len(text))
        parts = [{"type": "text", "text": text[:cut]}, {"type": "text", "text": text[cut:]}]
        if dice.random() < 0.6:
            parts = [{"type": "text", "text": text}]
        if message is asked[-1] or (message in asked and dice.random() < 0.3):
            take = shown[len(left) :] if message is asked[-1] else shown[len(left) : len(left) + 1]
            for name in take:
                inline = shape == "inline" and dice.random() < 0.6
                part = {"type": "image", "image": name} if inline else {"type": "image"}
                if shape == "inline" and dice.random() < 0.1:
                    part = {"type": "image_url", "image_url": {"url": dice.choice(names)}}
                parts.insert(dice.randint(0, len(parts)), part)
                left.append(None if len(part) > 1 else name)
        message["content"] = parts if place or dice.random() < 0.9 else text
    return [name for name in (left or shown) if name is not None]


def _spoil(dice: random.Random, messages: list, shown: list, names: list[str]) -> None:
    fault = dice.randrange(8)
    message = dice.choice(messages)
    if fault == 0:
        message["role"] = dice.choice(("human", "gpt", "System", None))
    elif fault == 1:
        message["content"] = None
    elif fault == 2:
        shown.append(dice.choice(("gone.png", None, names[0])))
    elif fault == 3 and shown:
        shown.pop()
    elif fault == 4:
        messages.clear()
    elif fault == 5:
        message["content"] = [{"type": "image"}, {"type": "text", "text": "see"}]
    elif fault == 6 and isinstance(message["content"], str):
        message["content"] += dice.choice(("<|image_pad|>", "<|im_end|>", "<|vision_start|>"))
    elif fault == 7:
        message["content"] = []


def write_trl_corpus(corpus: dict, folder: Path) -> dict[str, dict]:
    """Write the files that can be written; the path and the settings of each."""
    draw(folder, corpus["images"])
    written = {}
    for name, file in corpus["files"].items():
        path, rows = folder / name, file["rows"]
        if path.suffix == ".parquet":
            try:
                pq.write_table(pa.Table.from_pylist(rows), path)
            except (pa.ArrowInvalid, pa.ArrowTypeError):  # contents of two types: no table can hold them
                path = path.with_suffix(".jsonl")
        if path.suffix == ".jsonl":
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        elif path.suffix == ".json":
            path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        written[name] = {"file": str(path), "settings": file["settings"]}
    return written
