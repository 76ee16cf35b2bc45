"""Random rows that try everything a sharegpt row can hold, good and malformed; equal for equal seeds.

Images are described, not stored: `draw` makes each file from its description, so a corpus is a few kilobytes of JSON.
"""

import json
import random
from pathlib import Path

from PIL import Image

TAGS = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
ALL_TAGS = TAGS | {"observation_tag": "observation", "function_tag": "function", "system_tag": "system"}
COLUMNS = {"messages": "messages", "images": "images", "system": "system", "tools": "tools"}

WORDS = (
    "Describe the image",
    "what's in it? I'll say: IT'S RED",
    "他们是拜仁慕尼黑的凯恩",
    "これは何ですか",
    "이 이미지를 설명하세요",
    "Что изображено на картинке",
    "ما الذي تراه",
    "मुझे बताओ",
    "ภาพนี้คืออะไร",
    "Ελληνικά πολύ",
    "e\u0301a\u030a composed\u00e9",
    "각 \u1112\u1161\u11ab",
    "👩‍👩‍👧‍👦 🇩🇪 ☕️",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0001f9ec",
    "\u200b\u200d\ufeff zero",
    "12345 3.14159 ²½",
    "   leading",
    "trailing   ",
    "\n\n\nlines\n\r\n\ttabs",
    "if x:\n        return {'a': [1, 2]}",
    "{{idx}} and {{content}} and {{idx}}",
    "<|im_end|>",
    "<|endoftext|>",
    "<|vision_start|>",
    "<|im_start|>user",
    "<|image|> <|im_end |>",
    "<Image> &lt;image&gt; <im<image age>",
    "<tool_call>",
    "ſ'S 'ſ 'LL",
    "\u0897\u1acf a\U00011f5a",
    "\U000105c0\U000105d2\u0307 \U00016d67\U00016d67",
    "a" * 60,
    "ا" * 20,
)
SIZES = (
    (28, 28), (27, 29), (1, 1), (3, 5), (56, 56), (64, 64), (100, 100), (640, 480), (320, 641), (97, 331), (13, 700),
    (700, 13), (6000, 20), (20, 6000), (5600, 28), (28, 5601), (1500, 1100), (1080, 2400), (2049, 513), (3, 1500),
)  # fmt: skip
MODES = ("RGB", "L", "RGBA", "P", "1", "LA", "CMYK", "I;16")


def draw(folder: Path, images: dict[str, dict]) -> None:
    """Make the image files of a corpus."""
    for name, image in images.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.new(image["mode"], tuple(image["size"]))
        picture.save(path)
        if keep := image.get("keep"):
            path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])


def make_corpus(seed: int, rows: int) -> dict:
    """A corpus: entries with their rows, images, and settings. `rows` is the number of rows of all entries together."""
    dice = random.Random(seed)
    images: dict[str, dict] = {}
    for number in range(24):
        mode = dice.choice(MODES) if number % 2 else "RGB"
        suffix = {"CMYK": "jpg", "P": "gif", "I;16": "png"}.get(mode, dice.choice(("png", "png", "jpg", "webp")))
        if suffix in ("jpg", "webp") and mode not in ("RGB", "L", "CMYK"):
            suffix = "png"
        size = dice.choice(SIZES) if number % 3 else (dice.randint(1, 900), dice.randint(1, 900))
        images[f"i{seed}/{number}.{suffix}"] = {"mode": mode, "size": size}
    images[f"i{seed}/big.jpg"] = {"mode": "RGB", "size": (4200, dice.choice((3100, 9, 700)))}
    good = list(images)
    images[f"i{seed}/cut.png"] = {"mode": "RGB", "size": (300, 300), "keep": 0.5}
    images[f"i{seed}/cut.jpg"] = {"mode": "RGB", "size": (300, 300), "keep": 0.7}
    images[f"i{seed}/empty.jpg"] = {"mode": "RGB", "size": (30, 30), "keep": 0.0001}
    entries = []
    share = max(rows // 10, 1)
    for number in range(10):
        entry = {
            "name": f"e{seed}_{number}",
            "suffix": dice.choice(("json", "jsonl")),
            "tags": ALL_TAGS if number % 3 else TAGS,
            "columns": COLUMNS,
            "settings": {
                "cutoff_len": dice.choice((64, 128, 200, 333, 512, 1024, 2048, 8192)),
                "image_max_pixels": dice.choice((262144, 589824, 1048576, 12845056)),
                "image_min_pixels": dice.choice((1024, 1024, 3136)),
                "mask_history": number % 5 == 1,
                "train_on_prompt": number % 5 == 2,
                "default_system": dice.choice((None, None, "", "Be brief.")),
            },
        }
        entry["rows"] = [_row(dice, good, list(images), entry["tags"]) for _ in range(share)]
        entry["rows"].insert(0, _plain_row(good[0]))  # every column and key exists, none is only ever null
        entries.append(entry)
    return {"images": images, "entries": entries}


def make_other_formats(seed: int, rows: int) -> dict:
    """A corpus of alpaca and openai entries."""
    dice = random.Random(seed)
    images = {
        f"i{seed}/{n}.png": {"mode": "RGB", "size": (dice.randint(1, 500), dice.randint(1, 500))} for n in range(6)
    }
    entries = []
    for number in range(6):
        make = (_alpaca_row, _openai_row)[number % 2]
        tools_as_text = dice.random() < 0.5
        entry = {
            "name": f"o{seed}_{number}",
            "suffix": dice.choice(("json", "jsonl")),
            "formatting": ("alpaca", "openai")[number % 2],
            "settings": {"cutoff_len": dice.choice((64, 200, 1024, 8192)), "mask_history": number == 4},
        }
        if number % 2:
            entry["columns"] = {"messages": "messages", "images": "images", "tools": "tools"}
            entry["tags"] = ALL_TAGS | {"observation_tag": "tool", "function_tag": "tool_calls"}
        else:
            entry["columns"] = {
                "prompt": "q",
                "query": "i",
                "response": "a",
                "history": "h",
                "images": "images",
                "system": "s",
            }
        entry["rows"] = [make(dice, list(images), tools_as_text) for _ in range(max(rows // 6, 1))]
        entries.append(entry)
    return {"images": images, "entries": entries}


def _alpaca_row(dice: random.Random, images: list[str], _: bool) -> dict:
    question = some_text(dice, 3)
    shown = [dice.choice(images) for _ in range(dice.choice((0, 0, 1, 2)))]
    history = [[some_text(dice, 2), some_text(dice, 2)] for _ in range(dice.choice((0, 0, 1, 2)))]
    if history and dice.random() < 0.05:
        history[0] = history[0][:1]
    return {
        "q": dice.choice(("", None, question, question)) if not shown else "<image>" * len(shown) + question,
        "i": dice.choice(("", None, some_text(dice, 2))),
        "a": None if dice.random() < 0.1 else some_text(dice, 3),
        "h": dice.choice((history, history, None)),
        "images": shown + ["gone.png"] * (dice.random() < 0.05),
        "s": dice.choice(("", None, "Be kind.")),
    }


def _openai_row(dice: random.Random, images: list[str], tools_as_text: bool) -> dict:
    number = {"type": "number", "default": dice.choice((0.7, 2, 1e-5, 37.77, None))}
    tool = {"type": "function", "function": {"name": "find", "parameters": {"properties": {"n": number}}}}
    tools = dice.choice(([], [tool], [tool, tool], None))
    messages = []
    if dice.random() < 0.5:
        thinking = dice.choice(("", "detailed thinking on", "Be kind."))
        messages.append({"role": "system", "content": thinking})
    shown = []
    for _ in range(dice.choice((1, 1, 2))):
        image = dice.random() < 0.4
        shown += [dice.choice(images)] * image
        messages.append({"role": "user", "content": "<image>" * image + some_text(dice, 3)})
        if dice.random() < 0.4:
            call = {"name": "find", "arguments": dice.choice(('{"n": 0.7}', "{}", "not json"))}
            calls = [{"id": str(i), "type": "function", "function": call} for i in range(dice.choice((1, 2)))]
            messages.append({"role": "assistant", "content": dice.choice((None, "")), "tool_calls": calls})
            messages += [{"role": "tool", "content": some_text(dice, 2)} for _ in range(dice.choice((1, 2)))]
        messages.append({"role": "assistant", "content": some_text(dice, 2), "tool_calls": dice.choice(([], None))})
    fault = dice.randrange(24)
    if fault == 0:
        messages.append({"role": "tool", "content": "late"})
    elif fault == 1:
        messages[-1]["role"] = "bot"
    elif fault == 2:
        messages.pop()
    elif fault == 3:
        messages[-1]["content"] = None
    elif fault == 4:
        messages.insert(0, dict(messages[-1]))
    if tools_as_text:
        tools = json.dumps(tools) if tools is not None else None
    return {"messages": messages, "images": shown, "tools": tools}


def write_corpus(corpus: dict, folder: Path) -> Path:
    """Write registry, data files and images; return the registry's path."""
    draw(folder, corpus["images"])
    registry = {}
    for entry in corpus["entries"]:
        file = f"{entry['name']}.{entry['suffix']}"
        lines = [json.dumps(row, ensure_ascii=False) for row in entry["rows"]]
        text = "\n".join(lines) if entry["suffix"] == "jsonl" else "[" + ",\n".join(lines) + "]"
        (folder / file).write_text(text, encoding="utf-8")
        registry[entry["name"]] = {"file_name": file, "formatting": "sharegpt"} | {
            key: entry[key] for key in ("formatting", "columns", "tags") if key in entry
        }
    path = folder / "dataset_info.json"
    path.write_text(json.dumps(registry, ensure_ascii=False), encoding="utf-8")
    return path


def _plain_row(image: str) -> dict:
    messages = [{"role": "user", "content": "<image>Hi"}, {"role": "assistant", "content": "Hello"}]
    return {"messages": messages, "images": [image], "system": "", "tools": ""}


def some_text(dice: random.Random, most: int = 6) -> str:
    text = dice.choice(("", " ", "\n")).join(dice.choice(WORDS) for _ in range(dice.randint(0, most)))
    return text * dice.choice((1, 1, 1, 1, 3, 20))


def _row(dice: random.Random, good: list[str], every: list[str], tags: dict) -> dict:
    turns = dice.choice((1, 1, 2, 3, 4))
    messages, placed = [], []
    for _ in range(turns):
        role = "observation" if "observation_tag" in tags and dice.random() < 0.1 and messages else "user"
        content = some_text(dice)
        for _ in range(dice.choice((0, 0, 1, 1, 2, 3)) if len(placed) < 4 else 0):
            cut = dice.randint(0, len(content))
            content = content[:cut] + "<image>" + content[cut:]
            placed.append(dice.choice(good))
        messages.append({"role": role, "content": content})
        if "function_tag" in tags and dice.random() < 0.1:
            messages.append({"role": "function", "content": _call(dice)})
        else:
            messages.append({"role": "assistant", "content": some_text(dice, 3)})
    row = {
        "messages": messages,
        "images": placed,
        "system": dice.choice(("", None, "Be kind.", "系统")),
        "tools": _tools(dice),
    }
    if "system_tag" in tags and dice.random() < 0.2:
        messages.insert(0, {"role": "system", "content": some_text(dice, 2)})
    if dice.random() < 0.3:
        _spoil(dice, row, every)
    count = sum(str(message["content"]).count("<image>") for message in row["messages"])
    if dice.random() < 0.9 and isinstance(row["images"], list) and row["images"] == placed:
        row["images"] = [dice.choice(good) for _ in range(count)]
    return row


def _call(dice: random.Random) -> str:
    call = {"name": "find", "arguments": {"q": dice.choice(WORDS), "n": dice.choice((1, 2.5, True, None, [1]))}}
    return dice.choice(
        (
            json.dumps(call, ensure_ascii=dice.random() < 0.5),
            json.dumps([call, call]),
            "<think>\nhm\n</think>\n\n" + json.dumps(call),
            "before <tool_call>" + json.dumps(call) + "</tool_call> after",
            "not json",
            '{"name": "x"}',
            "[]",
            '"text"',
        )
    )


def _tools(dice: random.Random) -> str | None:
    tool = {"name": "find", "description": dice.choice(WORDS), "parameters": {"type": "object", "properties": {}}}
    good = (json.dumps([tool]), json.dumps([{"type": "function", "function": tool}, tool], ensure_ascii=False), "[]")
    if dice.random() < 0.75:
        return dice.choice(("", None))
    return dice.choice((*good, *good, "nope", json.dumps(tool), "5", "null"))


def _spoil(dice: random.Random, row: dict, every: list[str]) -> None:
    messages = row["messages"]
    fault = dice.randrange(12)
    if fault == 0:
        messages.pop()
    elif fault == 1:
        messages.insert(dice.randint(0, len(messages)), {"role": "system", "content": "late"})
    elif fault == 2:
        messages[0]["role"] = dice.choice(("human", "assistant", "User", None))
    elif fault == 3:
        messages[dice.randrange(len(messages))]["content"] = None
    elif fault == 4:
        messages[-1]["content"] += dice.choice(("<image>", "<video>", "<audio>"))
    elif fault == 5:
        row["images"] = [*row["images"], every[0]]
    elif fault == 6:
        messages[0]["content"] = "<image>" + str(messages[0]["content"])
        row["images"] = [dice.choice(every[-3:]), *row["images"]]
    elif fault == 7:
        messages[0]["content"] = "<image>" + str(messages[0]["content"])
        row["images"] = [
            dice.choice(("no.png", "", "https://a.b/c.png", "../x.jpg", "/etc", ".", "a\u0000b")),
            *row["images"],
        ]
    elif fault == 8:
        row["messages"] = dice.choice(([], None))
        row["images"] = []
        if row["messages"] is None:
            row["messages"] = []
    elif fault == 9:
        row["images"] = None
    elif fault == 10:
        messages[0]["content"] += "<|image_pad|>" * dice.randint(1, 3)
    else:
        row["images"] = [*row["images"], None]
