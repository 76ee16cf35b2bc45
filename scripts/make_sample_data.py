"""sample_data/: good rows of six kinds, one planted fault per rule, and what a check must find (`./scripts/generate`).

Everything is drawn and written here; nothing comes from elsewhere. Equal on every run (with the same Pillow).
"""

import json
from pathlib import Path

from scripts.sample_builder import APPS, SampleData, say
from scripts.sample_faults import planted, planted_entries


def good(data: SampleData) -> None:
    phones = [data.phone(number) for number in range(8)]
    webs = [data.web(number) for number in range(4)]
    charts = [data.chart(number) for number in range(5)]
    rows = [
        say(
            f"<image>Which app is open? Answer in {words} words.",
            f"The app is {APPS[number]}.",
            images=[phones[number]],
        )
        for number in range(7)
        for words in ("two", "five")
    ]
    data.entry("phone_screens", rows, "jsonl")
    rows = [
        say(f"<image>What does article {box} cost?", f"{box * 7 + number} EUR.", images=[webs[number]])
        for number in range(4)
        for box in (1, 5, 11)
    ]
    data.entry("web_screens", rows)
    rows = [
        say("<image>\n" + ask, answer, images=[charts[number]])
        for number in range(5)
        for ask, answer in (
            ("What year is shown?", f"{2020 + number}."),
            ("Wie viele Balken siehst du?", "Sechs Balken."),
        )
    ]
    data.entry("charts", rows)
    rows = [
        say(
            f"<image><image>{number}: which list is longer?",
            "Both show twelve articles.",
            images=[webs[0], webs[1 + number % 3]],
        )
        if number % 2
        else say(
            "<image>Read the year.",
            "2020.",
            "And here? <image>",
            f"{2020 + number // 2}.",
            images=[charts[0], charts[number // 2]],
        )
        for number in range(8)
    ]
    data.entry("multi_image", rows)
    texts = (
        ("What is the capital of France?", "Paris."),
        ("Say hello in Japanese.", "こんにちは。"),
        ("用一句话介绍北京。", "北京是中国的首都。"),
        ("Write a haiku about rain.", "Soft rain on the roof,\nthe cat dreams of open doors -\nevening grows quiet."),
        ("2 + 2 * 3 = ?", "8"),
        ("Ist das richtig?", "Ja."),
        ("Translate: water", "l'eau 💧"),
        ("List three colours.", "red, green, blue"),
        ("Fix: def f(x) return x", "def f(x):\n    return x"),
        ("Thanks!", "You are welcome."),
    )
    rows = [say(*text) for text in texts]
    data.entry("text_only", rows, "jsonl", columns={"messages": "messages"})
    tool = {
        "name": "weather",
        "description": "Weather now",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    }
    rows = [
        {
            "messages": [
                {"role": "system", "content": "You can look up the weather."},
                {"role": "user", "content": f"What is the weather in {city}?"},
                {
                    "role": "function",
                    "content": json.dumps({"name": "weather", "arguments": {"city": city}}, ensure_ascii=False),
                },
                {"role": "observation", "content": json.dumps({"celsius": degrees})},
                {"role": "assistant", "content": f"It is {degrees} degrees in {city}."},
            ],
            "tools": json.dumps([tool], ensure_ascii=False),
        }
        for city, degrees in (("Oslo", 3), ("Zürich", 12), ("東京", 21), ("Lima", 18), ("Cairo", 30), ("Perth", 25))
    ]
    data.entry("tool_use", rows, columns={"messages": "messages", "tools": "tools"})


def write(folder: Path) -> None:
    """Make the data in a folder."""
    data = SampleData(folder)
    good(data)
    planted(data)
    planted_entries(data)
    data.finish()
