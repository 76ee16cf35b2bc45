"""Random rows in the layouts that ms-swift reads, good and malformed; equal for equal seeds."""

import json
import random

from tests.oracle.corpus import ALL_TAGS, SIZES, TAGS, WORDS, some_text

OWN_WORDS = ("{{ROUND0}} and {{ROUND1}}", "<image>", "<bbox>", "<ref-object>", "ends<|im_end|>", "<video>", "\n\nlines")
LAYOUTS = ("messages", "conversations", "pairs", "query", "alpaca", "sharegpt entry", "alpaca entry", "odd", "mixed")
STRATEGIES = ("delete", "left", "right")
LIMITS = (64, 128, 200, 333, 512, 1024, 2048, 8192)


def make_swift_corpus(seed: int, rows: int) -> dict:
    """A corpus of two entries per layout. `rows` is the number of rows of all entries together."""
    dice = random.Random(seed)
    images = {f"i{seed}/{n}.png": {"mode": dice.choice(("RGB", "L", "RGBA", "1")), "size": _size(dice)}
              for n in range(20)}  # fmt: skip
    good = list(images)
    images[f"i{seed}/cut.png"] = {"mode": "RGB", "size": (300, 300), "keep": 0.5}
    entries = []
    for number in range(2 * len(LAYOUTS)):
        layout = LAYOUTS[number % len(LAYOUTS)]
        entry = {
            "name": f"s{seed}_{number}",
            "suffix": dice.choice(("jsonl", "json")),
            "layout": layout,
            "formatting": {"sharegpt entry": "sharegpt", "alpaca entry": "alpaca"}.get(layout, "ms-swift"),
            "settings": {
                "trainer": "ms-swift",
                "cutoff_len": dice.choice(LIMITS),
                "image_max_pixels": dice.choice((262144, 589824, 1048576, 12845056)),
                "image_min_pixels": dice.choice((3136, 1024, 50000)),
                "default_system": dice.choice((None, None, "", "Be brief.")),
                "truncation_strategy": dice.choice(STRATEGIES),
            },
        }
        if layout == "sharegpt entry":
            entry |= {"tags": ALL_TAGS if number < 9 else TAGS, "columns": {"messages": "chat", "images": "shots"}}
            entry["swift_columns"] = entry["columns"]
            entry["swift_messages"] = {"role_key": "role", "content_key": "content", "user_role": "user",
                                       "assistant_role": "assistant"}  # fmt: skip
        if layout == "alpaca entry":
            entry["columns"] = {"prompt": "q", "query": "i", "response": "a", "history": "h", "images": "shots"}
            entry["swift_columns"] = {"instruction": "q", "input": "i", "output": "a", "history": "h",
                                      "images": "shots"}  # fmt: skip
        make = _MAKERS[layout]
        entry["rows"] = [make(dice, good, list(images)) for _ in range(max(rows // (2 * len(LAYOUTS)), 1))]
        entries.append(entry)
    return {"images": images, "entries": entries}


def _size(dice: random.Random) -> tuple[int, int]:
    return dice.choice((*SIZES, (dice.randint(1, 900), dice.randint(1, 900)), (dice.randint(30, 600), 400)))


def _words(dice: random.Random, most: int = 4) -> str:
    text = some_text(dice, most)
    if dice.random() < 0.06:
        cut = dice.randint(0, len(text))
        text = text[:cut] + dice.choice(OWN_WORDS) + text[cut:]
    return text


def _shown(dice: random.Random, good: list[str], every: list[str]) -> list:
    shown = [dice.choice(good) for _ in range(dice.choice((0, 0, 1, 1, 2, 3)))]
    if dice.random() < 0.06:
        shown.append(dice.choice((every[-1], "gone.png", None, "", f" {good[0]} ")))
    return shown


def _tagged(dice: random.Random, texts: list[str], shown: list) -> list[str]:
    """Most tags where they belong, some missing, some too many."""
    texts = list(texts)
    for _ in range(max(len(shown) + dice.choice((0, 0, 0, 0, -1, 1)), 0)):
        place = dice.choice((0, 0, dice.randrange(len(texts)))) if texts else 0
        if texts:
            cut = dice.randint(0, len(texts[place]))
            texts[place] = texts[place][:cut] + "<image>" + texts[place][cut:]
    return texts


def _messages(dice: random.Random, good: list[str], every: list[str]) -> dict:
    shown = _shown(dice, good, every)
    roles = []
    for _ in range(dice.choice((1, 1, 2, 3))):
        roles += dice.choice(
            (["user"], ["user"], ["user"], ["user", "user"], ["user", "tool"], ["tool_response"], [])
        ) + dice.choice(
            (["assistant"], ["assistant"], ["assistant"], ["assistant"] * 2, ["tool_call"], ["tool_call"] * 2,
             ["assistant", "tool_call"], [])
        )  # fmt: skip
    texts = _tagged(dice, [_words(dice) for _ in roles], shown)
    messages = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]
    for message in messages:
        if message["role"] == "tool_call":
            call = {"name": "find", "arguments": {"q": dice.choice(WORDS), "n": dice.choice((1, 2.5, None, [1]))}}
            wrong = ("no call", json.dumps({"name": "x"}), "{'name': 'y', 'arguments': {}}")
            message["content"] = json.dumps(call) if dice.random() < 0.8 else dice.choice(wrong)
        if message["role"] == "assistant" and dice.random() < 0.15:
            message["loss"] = dice.choice((True, False, None))
        if message["role"] == "assistant" and dice.random() < 0.1:
            message["loss_scale"] = dice.choice((0, 0.5, 1, 2.0))
    if dice.random() < 0.3:
        messages.insert(0, {"role": "system", "content": dice.choice(("", _words(dice), "look: <image>"))})
    row = {"messages": messages, "images": shown}
    if dice.random() < 0.2:
        row["tools"] = _tools(dice)
    if shown and dice.random() < 0.25:
        _point(dice, row, len(shown))
    if dice.random() < 0.2:
        row["system"] = dice.choice((None, "", "Be kind."))
    if dice.random() < 0.12:
        _spoil(dice, row)
    return row


def _tools(dice: random.Random):
    tool = {"name": "find", "description": dice.choice(WORDS), "parameters": {"properties": {"n": {"default": None}}}}
    wrapped = {"type": "function", "function": tool}
    return dice.choice(([tool], [tool, wrapped], json.dumps([tool]), json.dumps(tool), "nope", "", None, []))


def _point(dice: random.Random, row: dict, images: int) -> None:
    boxes = [[dice.randint(0, 700) for _ in range(dice.choice((2, 4, 4)))] for _ in range(dice.choice((1, 2)))]
    row["objects"] = {"ref": ["cat", "狗"][: dice.choice((1, 2))], "bbox": boxes}
    if dice.random() < 0.3:
        row["objects"]["image_id"] = [dice.randrange(images + (dice.random() < 0.1))]
    if dice.random() < 0.2:
        row["objects"] |= {"bbox_type": "norm1", "bbox": [[0.1, 0.25, 0.5, 1.0]]}
    if dice.random() < 0.1:
        row["objects"] = dice.choice(({"ref": ["x"]}, {"bbox": [[1, 2, 3]]}, {"bbox": None}))
    texts = [message for message in row["messages"] if message["role"] in ("user", "assistant")]
    for message in texts[: dice.choice((1, 2, 3))]:
        message["content"] += "<ref-object> at <bbox>" * dice.choice((1, 1, 2))


def _spoil(dice: random.Random, row: dict) -> None:
    messages = row["messages"]
    fault = dice.randrange(9)
    if fault == 0:
        row["messages"] = dice.choice(([], None))
    elif not messages:
        return
    elif fault == 1:
        messages[dice.randrange(len(messages))]["content"] = dice.choice((None, ""))
    elif fault == 2:
        messages[0]["role"] = dice.choice(("robot", "human", "gpt", None))
    elif fault == 3:
        messages.append({"role": "system", "content": "late"})
    elif fault == 4:
        row["images"] = None
    elif fault == 5:
        row["images"] = row["images"][0] if row["images"] else []
    elif fault == 6:
        del messages[-1]["content"]
    elif fault == 7:
        messages[0]["content"] = str(messages[0]["content"]) + "<|image_pad|>" * dice.randint(1, 2)
    else:
        messages[-1]["content"] = [{"type": "text", "text": "in parts "}, {"type": "text", "text": "of text"}]


def _conversations(dice: random.Random, good: list[str], every: list[str]) -> dict:
    row = _messages(dice, good, every)
    names = {"user": "human", "assistant": "gpt", "tool_call": "function_call", "tool_response": "observation"}
    chat = [
        {
            "from": names.get(message["role"], message["role"]),
            **{"value" if key == "content" else key: value for key, value in message.items() if key != "role"},
        }
        for message in row.pop("messages") or []
    ]
    return {"conversations": chat, "image": row.pop("images"), **row, "id": dice.randrange(100)}


def _pairs(dice: random.Random, good: list[str], every: list[str]) -> dict:
    shown = _shown(dice, good, every)
    texts = _tagged(dice, [_words(dice) for _ in range(2 * dice.choice((1, 2, 3)))], shown)
    chat = [{"human": question, "assistant": answer} for question, answer in zip(texts[::2], texts[1::2], strict=True)]
    row = {"conversation": chat, "images": shown, "system_prompt": dice.choice((None, "", _words(dice)))}
    if dice.random() < 0.05:
        del chat[-1]["assistant"]
    return row


def _query(dice: random.Random, good: list[str], every: list[str]) -> dict:
    shown = _shown(dice, good, every)
    texts = _tagged(dice, [_words(dice) for _ in range(4)], shown)
    history = dice.choice(([], None, [texts[2:]], [texts[2:], [None, "x"]], str([texts[2:]])))
    if dice.random() < 0.05:
        history = dice.choice(([["short"]], "not a list", [[]]))
    answer = dice.choice((texts[1], texts[1], texts[1], None, "", [texts[1], "another"], []))
    return {"query": dice.choice((texts[0],) * 9 + (None,)), "response": answer, "history": history, "images": shown,
            "system": dice.choice((None, "", "Be kind."))}  # fmt: skip


def _alpaca(dice: random.Random, good: list[str], every: list[str]) -> dict:
    shown = _shown(dice, good, every)
    texts = _tagged(dice, [_words(dice), _words(dice), _words(dice)], shown)
    row = {"instruction": dice.choice((texts[0],) * 6 + ("", None)), "input": dice.choice((texts[1], "", None)),
           "output": dice.choice((texts[2],) * 6 + ("", None)), "images": shown}  # fmt: skip
    return row | ({"history": [["a", "b"]]} if dice.random() < 0.2 else {})


def _sharegpt_entry(dice: random.Random, good: list[str], every: list[str]) -> dict:
    row = _messages(dice, good, every)
    return {"chat": row["messages"], "shots": row["images"]}


def _alpaca_entry(dice: random.Random, good: list[str], every: list[str]) -> dict:
    row = _alpaca(dice, good, every)
    return {"q": row["instruction"], "i": row["input"], "a": row["output"], "h": row.get("history"),
            "shots": row["images"]}  # fmt: skip


def _odd(dice: random.Random, good: list[str], every: list[str]) -> dict:
    """Contents in parts, media in messages, images as objects, words of both kinds for one key."""
    shown = [dice.choice(good) for _ in range(dice.choice((0, 1, 2)))]
    parts = [{"type": "image", "image": image} if dice.random() < 0.7 else {"type": "image", "image": {"url": image}}
             for image in shown]  # fmt: skip
    parts.insert(dice.randint(0, len(parts)), {"type": "text", "text": _words(dice)})
    wide = dice.random() < 0.5
    question = {"role": "user", "content": parts if wide else "<image>" * len(shown) + _words(dice)}
    row: dict = {"messages": [question, {"role": "assistant", "content": _words(dice)}]}
    if not wide:
        row["images"] = dice.choice((shown, [{"path": image, "bytes": None} for image in shown]))
    elif dice.random() < 0.1:
        row["images"] = shown
    if dice.random() < 0.1:
        row["messages"] = json.dumps(row["messages"]) if dice.random() < 0.7 else str(row["messages"])
    return row


SAYS = ("42", "-0.5", "null", "true", "[]", '["a", 1]', '{"action": "tap"}', '"quoted"', " 7 ", "01", "NaN", "1e3", "{")
"""Texts of which most are JSON."""


def _mixed(dice: random.Random, good: list[str], every: list[str]) -> dict:
    """Columns and contents of several types, which the loader keeps as JSON, beside texts that are JSON already."""
    image = dice.choice(good)
    parts = [{"type": "image", "image": image}, {"type": "text", "text": _words(dice)}]
    first = parts if dice.random() < 0.3 else dice.choice((_words(dice), dice.choice(SAYS)))
    answer = dice.choice((_words(dice), dice.choice(SAYS)))
    row: dict = {"messages": [{"role": "user", "content": first}, {"role": "assistant", "content": answer}]}
    if isinstance(first, str):
        row["images"] = dice.choice(([], image, [image], "null", "[]", json.dumps([image]), None))
        if row["images"] not in ([], "null", "[]", None):
            row["messages"][0]["content"] = "<image>" + first
    if dice.random() < 0.3:
        row["system"] = dice.choice((_words(dice), dice.choice(SAYS), 5, None))
    if dice.random() < 0.02:  # all messages are kept whole then
        row["messages"][1]["loss"] = True
    return row


_MAKERS = {
    "messages": _messages,
    "conversations": _conversations,
    "pairs": _pairs,
    "query": _query,
    "alpaca": _alpaca,
    "sharegpt entry": _sharegpt_entry,
    "alpaca entry": _alpaca_entry,
    "odd": _odd,
    "mixed": _mixed,
}
