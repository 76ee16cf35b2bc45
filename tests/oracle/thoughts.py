"""Random rows with thoughts, well formed and not, for the templates of models that think; equal for equal seeds."""

import json
import random
from itertools import product
from pathlib import Path

from tests.oracle.corpus import ALL_TAGS, COLUMNS, WORDS, some_text
from tests.oracle.model_folder import make_folder
from validator.models.families import QWEN3_VL

PIECES = (
    "<think>\n{}\n</think>\n\n", "<think>\n{}\n</think>\n\n", "<think>\n{}\n</think>\n\n", "<think>{}</think>",
    "<think>\n{}</think>\n\n", "<think>\n{}\n</think>\n", "<think>\n{}", "{}\n</think>\n\n", "<think>", "</think>",
    "<think>\n\n</think>\n\n", "<think>\n<think>\n{}\n</think>\n\n</think>\n\n", "\n\n\n{}", "{}", "{}", "{}", "{}",
    "<th<think>\n{}\n</think>\n\nink>", "<|image_<think>\n{}\n</think>\n\npad|>", "<im<think>\n\n</think>\n\nage>",
    "<THINK>\n{}\n</THINK>\n\n", "<think>\r\n{}\r\n</think>\r\n\r\n", " <think>\n{}\n</think>\n\n ",
    "<tool_response>{}</tool_response>",
)  # fmt: skip
"""Of which an answer is put together; `{}` stands for some text."""
SWITCHES = tuple(product(("true", "false", "null"), (False, True), (False, True)))
"""enable_thinking, mask_history, preserve_thinking."""


def fed_as(template: str, folder: Path) -> tuple[dict, dict]:
    """What the trainer is asked with for the model of a template, and our settings; `folder` is there for its files."""
    if template.startswith(("qwen3_5", "qwen3_6", "qwen3_8")):
        processor = str(make_folder(folder / "model"))
        return {"files": processor, "template": template}, {"processor": processor, "template": template}
    asked = {"model": "qwen3-vl", "tokens": QWEN3_VL.added_tokens, "template": template}
    return asked, {"processor": "qwen3-vl", "template": template}


def set_up(corpus: dict, **settings: str) -> dict:
    """The corpus with settings for all its entries."""
    entries = [{**entry, "settings": entry["settings"] | settings} for entry in corpus["entries"]]
    return {**corpus, "entries": entries}


def make_thoughts(seed: int, rows: int, *, preserves: bool = True, efforts: bool = False) -> dict:
    """A corpus with an entry for each of SWITCHES; the release knows preserve_thinking (`preserves`), which main need
    not be told, and reasoning_effort (`efforts`).
    """
    dice = random.Random(seed)
    images = {
        f"i{seed}/{n}.png": {"mode": "RGB", "size": (dice.randint(1, 500), dice.randint(1, 500))} for n in range(6)
    }
    switches = [switch for switch in SWITCHES if preserves or not switch[2]]
    entries = []
    for number, (thinking, masks, keeps) in enumerate(switches):
        settings = {
            "cutoff_len": dice.choice((64, 128, 512, 8192, 8192)),
            "enable_thinking": thinking,
            "mask_history": masks,
            "train_on_prompt": not masks and dice.random() < 0.4,
            "default_system": dice.choice((None, None, "", "Be brief.")),
        }
        if preserves:
            settings["preserve_thinking"] = keeps
        if efforts:
            settings["reasoning_effort"] = dice.choice(("xhigh", "medium", "low"))
            if keeps and dice.random() < 0.5:
                del settings["preserve_thinking"]
        made = [_row(dice, list(images)) for _ in range(max(rows // len(switches), 1))]
        entry = {"name": f"t{seed}_{number}", "suffix": "json", "tags": ALL_TAGS, "columns": COLUMNS}
        entries.append({**entry, "rows": made, "settings": settings})
    return {"images": images, "entries": entries}


def _row(dice: random.Random, images: list[str]) -> dict:
    messages: list[dict] = []
    for _ in range(dice.choice((1, 1, 2, 3, 4))):
        asks = "observation" if messages and dice.random() < 0.15 else "user"
        messages.append({"role": asks, "content": _with_images(dice, _said(dice, 1))})
        if dice.random() < 0.2:
            messages.append({"role": "function", "content": _call(dice)})
        else:
            messages.append({"role": "assistant", "content": _with_images(dice, _said(dice, 3), 0.15)})
    if dice.random() < 0.05:
        messages.pop()
    count = sum(message["content"].count("<image>") for message in messages)
    tool = {"name": "find", "description": dice.choice(WORDS), "parameters": {"type": "object", "properties": {}}}
    tools = (json.dumps([tool]), json.dumps([{"type": "function", "function": tool}, tool]), "[]", "nope", "5")
    return {
        "messages": messages,
        "images": [dice.choice(images) for _ in range(count + (dice.random() < 0.04))],
        "system": dice.choice(("", None, "Be kind.", "<think>\nhm\n</think>\n\n")),
        "tools": dice.choice(tools) if dice.random() < 0.3 else dice.choice(("", None)),
    }


def _said(dice: random.Random, most: int) -> str:
    """Some text among thoughts; an answer may be empty."""
    return "".join(dice.choice(PIECES).replace("{}", some_text(dice, 2)) for _ in range(dice.randint(0, most)))


def _with_images(dice: random.Random, text: str, share: float = 0.4) -> str:
    if dice.random() < share:
        cut = dice.randint(0, len(text))
        text = f"{text[:cut]}<image>{text[cut:]}"
    return text


def _call(dice: random.Random) -> str:
    values = (dice.choice(WORDS), 1, 2.5, None, True, [1, "a"], {"b": "é"}, "<think>\nhm\n</think>\n\n", "", 1e400)
    call = {"name": dice.choice(("find", "<b>", 5)), "arguments": {"q": dice.choice(values), "ü": dice.choice(values)}}
    thought = _said(dice, 1)
    return dice.choice(
        (
            json.dumps(call, ensure_ascii=dice.random() < 0.5),
            json.dumps([call, call]),
            thought + json.dumps(call),
            thought + json.dumps(call),
            f"{thought}<tool_call>{json.dumps(call)}</tool_call>{dice.choice(('', ' after', thought))}",
            json.dumps({**call, "arguments": dice.choice(("text", "{}", [1], 5, None))}),
            '{"name": "f", "arguments": {"x": "<image>"}}',
            thought + "not json",
            '{"name": "x"}',
            "[]",
        )
    )
