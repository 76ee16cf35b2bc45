"""Random rows with thoughts under ms-swift, whole and broken, with tools and calls; equal for equal seeds."""

import json
import random

from tests.oracle.corpus import WORDS, some_text
from tests.oracle.thoughts import PIECES

ENTRIES = 6


def make_swift_thoughts(seed: int, rows: int, **settings) -> dict:
    """A corpus of a few entries. `rows`: of all together; `settings` of each."""
    dice = random.Random(seed)
    images = {f"{n}.png": {"mode": "RGB", "size": (64 + 40 * n, 80)} for n in range(4)}
    entries = []
    for number in range(ENTRIES):
        own = {
            "trainer": "ms-swift",
            "cutoff_len": dice.choice((64, 200, 8192, 8192)),
            "image_max_pixels": 262144,
            "image_min_pixels": 3136,
            "default_system": dice.choice((None, None, "", " Be brief. ")),
            "truncation_strategy": dice.choice(("delete", "left", "right")),
            **settings,
        }
        made = [_row(dice, list(images)) for _ in range(max(rows // ENTRIES, 1))]
        entries.append(
            {"name": f"t{number}", "suffix": "jsonl", "formatting": "ms-swift", "rows": made, "settings": own}
        )
    return {"images": images, "entries": entries}


def _row(dice: random.Random, images: list[str]) -> dict:
    messages: list[dict] = []
    for _ in range(dice.choice((1, 1, 2, 3))):
        for _ in range(dice.choice((0, 1, 1, 1, 2))):
            role = dice.choice(("user", "user", "user", "tool", "tool_response"))
            messages.append({"role": role, "content": _said(dice, 1)})
        for _ in range(dice.choice((1, 1, 2, 3))):
            if dice.random() < 0.3:
                messages.append({"role": "tool_call", "content": _call(dice)})
            else:
                messages.append({"role": "assistant", "content": _said(dice, 3)})
            if dice.random() < 0.1:
                messages[-1]["loss"] = dice.choice((True, False))
    shown = []
    for message in messages:
        if message["role"] in ("user", "assistant") and dice.random() < 0.15:
            cut = dice.randint(0, len(message["content"]))
            message["content"] = f"{message['content'][:cut]}<image>{message['content'][cut:]}"
            shown.append(dice.choice(images))
    if dice.random() < 0.4:
        messages.insert(
            0, {"role": "system", "content": dice.choice(("", " ", " Be kind.\n", "<think>\nhm\n</think>\n\n"))}
        )
    row: dict = {"messages": messages, "images": shown}
    if dice.random() < 0.3:
        tool = {"name": "find", "description": dice.choice(WORDS), "parameters": {"type": "object", "properties": {}}}
        row["tools"] = dice.choice(([tool], [{"type": "function", "function": tool}, tool], json.dumps(tool)))
    return row


def _said(dice: random.Random, most: int) -> str:
    pieces = [dice.choice(PIECES).replace("{}", some_text(dice, 2)) for _ in range(dice.randint(0, most))]
    return dice.choice(("", "", "\n", " ")) + "".join(pieces) + dice.choice(("", "", "\n\n", " ", "\u3000"))


def _call(dice: random.Random) -> str:
    values = (dice.choice(WORDS), 1, 2.5, None, True, [1, "a"], {"b": "é"}, "<think>\nhm\n</think>\n\n", "", 1e400)
    call = {"name": dice.choice(("find", "<b>", 5)), "arguments": {"q": dice.choice(values), "ü": dice.choice(values)}}
    return dice.choice(
        (
            json.dumps(call, ensure_ascii=dice.random() < 0.5),
            json.dumps(call),
            json.dumps(call),
            json.dumps({**call, "arguments": dice.choice(("text", "{}", [1], 5, None, [], {}, 0))}),
            json.dumps({"name": "p", "parameters": {"x": " y "}}),
            "{'name': 'y', 'arguments': {'z': True}}",
            "not json",
        )
    )
