"""Random files as LLaMA-Factory v1 reads them, by each converter and without one; equal for equal seeds."""

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle.corpus import SIZES, draw, some_text

CONVERTERS = ("sharegpt", "sharegpt", "alpaca", None)
LIMITS = (40, 96, 160, 333, 1024, 2048, 2048, 4096)
BEGINNINGS = ("\n", " \n", "\n\n\nlines", "  ", "\r\n", "\t\n x", "\u2028\n", "\x1c\n", "<video> of")
TOOLS = ("[]", json.dumps([{"name": "f"}]), "{}", "nope", "5", '["x"]', "null", "")
CALLS = (
    json.dumps({"name": "f", "arguments": {"a": "<|im_end|>"}}),
    json.dumps([{"name": "f", "arguments": "x"}] * 2),
    "[]",
    "nope",
    "5",
    json.dumps({"name": "f"}),
)


def make_v1_corpus(seed: int, rows: int) -> dict:
    """Files by name, with rows, converters and settings. `rows`: of all files together, about."""
    dice = random.Random(seed)
    suffixes = ("png", "jpg", "webp")
    images = {f"i{seed}/{number}.{dice.choice(suffixes)}": {"mode": "RGB", "size": _size(dice)} for number in range(16)}
    images |= {f"i{seed}/{mode}.png": {"mode": mode, "size": (70, 90)} for mode in ("L", "RGBA", "P", "1", "LA")}
    images |= {
        f"i{seed}/far.png": {"mode": "RGB", "size": (6000, 20)},
        f"i{seed}/big.jpg": {"mode": "RGB", "size": (4200, 3100)},
    }
    files = {}
    for number in range(16):
        converter = CONVERTERS[number % len(CONVERTERS)]
        settings = {
            "cutoff_len": dice.choice(LIMITS),
            "image_max_pixels": dice.choice((262144, 1048576, 12845056)),
            "image_min_pixels": dice.choice((3136, 3136, 50000)),
        }
        make = {"sharegpt": _conversation, "alpaca": _pair, None: _blocks}[converter]
        clean = number % 16 in (2, 6)  # alpaca: a column that one row has is null in all others
        made = [make(dice, list(images), clean) for _ in range(max(rows // 16, 2))]
        suffix = dice.choice(("jsonl", "json", "parquet"))
        files[f"v{seed}_{number}.{suffix}"] = {"rows": made, "settings": settings, "converter": converter}
    return {"images": images, "files": files}


def _size(dice: random.Random) -> tuple[int, int]:
    return dice.choice((*SIZES[:10], (dice.randint(1, 700), dice.randint(1, 700)), (dice.randint(30, 500), 300)))


def _text(dice: random.Random) -> str:
    text = some_text(dice, 3).replace("<image>", "image").replace("<video>", "video").replace("<audio>", "audio")
    return dice.choice(BEGINNINGS[:-1]) + text if dice.random() < 0.1 else text


def _turns(dice: random.Random, calls: bool) -> list[str]:
    roles = ["system"] if dice.random() < 0.3 else []
    for _ in range(dice.choice((1, 1, 2, 3))):
        roles += dice.choice((["user"], ["user"], ["user"], ["user", "user"], ["user", "call", "tool"], ["tool"]))
        roles += dice.choice(
            (["assistant"], ["assistant"], ["assistant"], ["assistant", "assistant"], ["assistant", "system"])
        )
    if dice.random() < 0.15:
        roles.append("user")
    if dice.random() < 0.05:
        roles = dice.choice((["user"], ["assistant"], ["assistant", "user", "assistant"], [], ["system", "assistant"]))
    return roles if calls else [role for role in roles if role != "call"]


def _conversation(dice: random.Random, names: list[str], clean: bool) -> dict:
    words = {"user": "human", "assistant": "gpt", "tool": "observation", "call": "function_call", "system": "system"}
    messages = [{"from": words[role], "value": _text(dice)} for role in _turns(dice, True)]
    shown = []
    for message in messages:
        if message["from"] == "function_call":
            message["value"] = dice.choice(CALLS[:3]) if dice.random() < 0.9 else dice.choice(CALLS)
        elif dice.random() < {"human": 0.4, "gpt": 0.15, "system": 0.05, "observation": 0.05}[message["from"]]:
            for _ in range(dice.choice((1, 1, 2))):
                place = dice.randint(0, len(message["value"]))
                message["value"] = f"{message['value'][:place]}<image>{message['value'][place:]}"
            shown += [dice.choice(names) for _ in range(message["value"].count("<image>"))]
    row: dict = {"conversations": messages, "images": shown if shown or dice.random() < 0.7 else None}
    if dice.random() < 0.1:
        row["tools"] = dice.choice(TOOLS)
    if dice.random() < 0.12 and messages:
        _spoil(dice, row, names, "from", "value")
    return row


def _spoil(dice: random.Random, row: dict, names: list[str], role: str, content: str) -> None:
    fault, message = dice.randrange(8), dice.choice(row["conversations"])
    if fault == 0:
        message[role] = dice.choice(("user", "judge", "System", None))
    elif fault == 1:
        message[content] = None
    elif fault == 2:
        row["images"] = [*(row["images"] or []), dice.choice(("gone.png", names[0]))]
    elif fault == 3 and row["images"]:
        row["images"].pop()
    elif fault == 4:
        row["conversations"] = dice.choice(([], None))
    elif fault == 5 and row["images"]:
        row["images"][0] = dice.choice((None, "gone.png", ""))
    elif fault == 6:
        message[content] = (message[content] or "") + "<|image_pad|><|im_end|>"
    elif fault == 7:
        message[content] = (message[content] or "") + dice.choice(("<video>", "<audio>", "<image>"))


def _pair(dice: random.Random, names: list[str], clean: bool) -> dict:
    row: dict = {"instruction": _text(dice), "input": _text(dice), "output": _text(dice)}
    if clean or dice.random() < 0.5:
        row["system"] = _text(dice)
    if dice.random() < 0.4:
        row["instruction"] += "<image>"
        row["images"] = [dice.choice(names)]
    if dice.random() < 0.1:
        row["images"] = dice.choice(([names[0], names[1]], [], None))
    if dice.random() < 0.1:
        row["output"] = dice.choice((row["output"] + "<image>", "", "\n" + row["output"]))
    if dice.random() < 0.04 and not clean:
        row[dice.choice(("instruction", "input", "output"))] = None
    return row


def _blocks(dice: random.Random, names: list[str], clean: bool) -> dict:
    messages = []
    for role in _turns(dice, True):
        blocks = [{"type": "text", "value": _text(dice)} for _ in range(dice.choice((1, 1, 2)))]
        if role == "call":
            blocks = [{"type": "tool_call", "value": dice.choice(CALLS[:1] * 9 + CALLS[2:])}]
        elif dice.random() < 0.3:
            place = dice.randint(0, len(blocks))
            blocks.insert(place, {"type": "image_url", "value": dice.choice((*names, "gone.png"))})
        if role == "assistant" and dice.random() < 0.2:
            blocks.insert(0, {"type": "reasoning", "value": "so"})
        weight = 1.0 if role in ("assistant", "call") else 0.0
        if weight and dice.random() < 0.15:
            weight = dice.choice((0.0, 0.5))
        said = {"assistant": "assistant", "call": "assistant", "tool": "tool", "user": "user", "system": "system"}[role]
        messages.append({"role": said, "content": blocks, "loss_weight": weight})
    if dice.random() < 0.08 and messages:
        message = dice.choice(messages)
        fault = dice.randrange(5)
        if fault == 0:
            message["loss_weight"] = None
        elif fault == 1:
            message["content"] = []
        elif fault == 2 and message["content"]:
            message["content"][0]["value"] = None
        elif fault == 3:
            message["content"] = None
        else:
            message["content"] = [{"type": "text", "value": "a <image> is a word <|im_end|>"}]
    row: dict = {"messages": messages}
    if dice.random() < 0.1:
        row["tools"] = dice.choice(TOOLS)
    return row


def write_v1_corpus(corpus: dict, folder: Path) -> dict[str, dict]:
    """Write the files, and a registry for each; the path of that and the settings of each."""
    draw(folder, corpus["images"])
    written = {}
    for name, file in corpus["files"].items():
        path, rows = folder / name, file["rows"]
        if path.suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        elif path.suffix == ".jsonl":
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        else:
            path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        registry = folder / f"{name}.yaml"
        converter = f"  converter: {file['converter']}\n" if file["converter"] else ""
        registry.write_text(f"data:\n  path: {name}\n  source: local\n{converter}")
        written[name] = {"file": registry.name, "settings": file["settings"]}
    return written
