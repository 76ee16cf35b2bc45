"""Healthy families by how rows are written: formats, roles, tools, systems, several media."""

import json

from tests.healthy.family import IMAGES, LATE, LLAMAFACTORY, TAGS, jsonl, of, picture, put, talk, text
from tests.oracle.videos import film

NO_KEYS = {"columns": None, "tags": None}
CALL = json.dumps({"name": "look", "arguments": {"at": "the sky"}})
TOOL = {
    "name": "look",
    "description": "Looks.",
    "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
}
TOOLS = json.dumps([TOOL])
HUMAN = [{"from": "human", "value": "How are you?"}, {"from": "gpt", "value": "Fine."}]
SYSTEM = {"role": "system", "content": "Be kind."}
CALLED = {
    "messages": [
        {"role": "user", "content": "What is up?"},
        {"role": "function_call", "content": CALL},
        {"role": "observation", "content": '{"colour": "blue"}'},
        {"role": "assistant", "content": "The sky is blue."},
    ],
    "tools": TOOLS,
}
TOOL_TAGS = TAGS | {"observation_tag": "observation", "function_tag": "function_call", "system_tag": "system"}
OPENAI_TAGS = TAGS | {"observation_tag": "tool", "function_tag": "tool_calls", "system_tag": "system"}
OPENAI = {
    "messages": [
        {"role": "user", "content": "What is up?", "tool_calls": None},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"at": "sky"}'}}],
        },
        {"role": "tool", "content": "blue", "tool_calls": None},
        {"role": "assistant", "content": "The sky is blue.", "tool_calls": None},
    ],
    "tools": [{"type": "function", "function": TOOL}],
}
ALPACA = [
    {"instruction": "Add these.", "input": "1 and 2", "output": "3"},
    {"instruction": "Say hello.", "input": "", "output": "Hello."},
    {"instruction": "Name a colour.", "input": None, "output": "Red."},
]


def lines(*rows, **keys):
    return text("data.jsonl", jsonl(list(rows)), **keys)


def with_pictures(*rows, names=("0.png", "1.png", "2.png"), **keys):
    """Rows that refer to pictures beside them."""

    def build(folder):
        put(folder, *names)
        return lines(*rows, **{"columns": IMAGES, **keys})(folder)

    return build


def with_films(*rows, columns=None):
    def build(folder):
        put(folder, "0.png", "1.png", "2.png", "3.png")
        film(folder / "a.mp4", 50, 10)
        film(folder / "b.mkv", 30, 5)
        return lines(*rows, columns=columns or {"messages": "messages", "videos": "videos"})(folder)

    return build


def every_kind(folder):
    """One picture of each common format and mode."""
    kinds = {"a.jpg": ("JPEG", "RGB"), "b.JPEG": ("JPEG", "L"), "c.webp": ("WEBP", "RGB"), "d.gif": ("GIF", "P"),
             "e.bmp": ("BMP", "RGB"), "f.tiff": ("TIFF", "RGB"), "g.png": ("PNG", "P"), "h.png": ("PNG", "RGBA"),
             "i.jpg": ("JPEG", "CMYK"), "j.png": ("PNG", "1"), "k.png": ("PNG", "LA")}  # fmt: skip
    for number, (name, (kind, mode)) in enumerate(kinds.items()):
        (folder / name).write_bytes(picture(number, kind, mode))
    rows = [talk(f"<image>What is {name}?", f"It is {kind}.", images=[name]) for name, (kind, _) in kinds.items()]
    return lines(*rows, columns=IMAGES)(folder)


TEXT = {
    "sharegpt without tags": lines({"conversations": HUMAN}, **NO_KEYS),
    "sharegpt with a system column": lines(
        {"conversations": HUMAN, "system": "Be kind."},
        {"conversations": [{"from": "human", "value": "And now?"}, {"from": "gpt", "value": "Better."}], "system": ""},
        columns={"messages": "conversations", "system": "system"},
        tags=None,
    ),
    "sharegpt with a system turn": lines(
        {"conversations": [{"from": "system", "value": "Be kind."}, *HUMAN]}, {"conversations": HUMAN}, **NO_KEYS
    ),
    "system turn by its tag": lines(
        {"messages": [SYSTEM, *talk("Hello?", "Yes.")["messages"]]},
        talk("Who?", "Me."),
        tags=TAGS | {"system_tag": "system"},
    ),
    "many turns": lines(talk(*[f"Part {number} of it." for number in range(20)]), talk("One?", "Two.")),
    "alpaca": lines(*ALPACA, formatting=None, **NO_KEYS),
    "alpaca, array": text("data.json", json.dumps(ALPACA, indent=4), formatting=None, **NO_KEYS),
    "alpaca, CSV": text(
        "data.csv",
        'instruction,input,output\n"Say, in one word",hi,Hello\n"Two\nlines",,"It ""is"" so."\n',
        formatting=None,
        **NO_KEYS,
    ),
    "alpaca with history and system": lines(
        {
            "instruction": "And then?",
            "input": "",
            "output": "The end.",
            "history": [["Once?", "Yes."]],
            "system": "Tell.",
        },
        {"instruction": "Start.", "input": "", "output": "Once upon a time.", "history": [], "system": ""},
        formatting=None,
        columns={
            "prompt": "instruction",
            "query": "input",
            "response": "output",
            "history": "history",
            "system": "system",
        },
        tags=None,
    ),
    "question and answer": lines(
        {"question": "Why?", "answer": "Because."},
        {"question": "How?", "answer": "So."},
        formatting=None,
        columns={"prompt": "question", "response": "answer"},
        tags=None,
    ),
    "other columns": lines(
        talk(
            "One?", "Two.", id=1, score=0.5, tags=["a", "b"], meta={"source": "web", "at": {"x": 1}}, ok=True, note=None
        ),
        talk("Three?", "Four.", id=2, score=1.5, tags=[], meta={"source": None, "at": None}, ok=False, note=None),
    ),
    "dates in another column": lines(
        talk("One?", "Two.", created_at="2024-05-01T10:00:00"),
        talk("Three?", "Four.", created_at="2024-06-01T10:00:00"),
    ),
    "other keys in messages": lines(
        {
            "messages": [
                {"role": "user", "content": "a?", "id": 7},
                {"role": "assistant", "content": "b", "id": 8, "w": 0.5},
            ]
        }
    ),
    "blank lines and CRLF": text(
        "data.jsonl", "\n" + jsonl([talk("One?", "Two."), talk("Three?", "Four.")]).replace("\n", "\r\n") + "\r\n"
    ),
    "no end of line": text("data.jsonl", jsonl([talk("One?", "Two."), talk("Three?", "Four.")]).rstrip("\n")),
    "escaped text": text("data.json", json.dumps([talk('Où? 图 \U0001f600 " \\ \n\t', "Là ☕.")], ensure_ascii=True)),
    "name with spaces": text("my data, v1.0 (ä).jsonl", jsonl([talk("One?", "Two."), talk("Three?", "Four.")])),
    "lines in .json": text("data.json", jsonl([talk("One?", "Two."), talk("Three?", "Four.")])),
    "one row": lines(talk("One?", "Two.")),
    "images column of nulls": lines(
        talk("One?", "Two.", images=None), talk("Three?", "Four.", images=None), columns=IMAGES
    ),
    "images column of empty lists": lines(
        talk("One?", "Two.", images=[]), talk("Three?", "Four.", images=[]), columns=IMAGES
    ),
    "words that look like marks": lines(
        talk(
            "What do <Image>, &lt;image&gt;, <img src='a.png'> and <|image|> mean?",
            "HTML: <b>bold</b>, {{name}}, [INST.",
        ),
        talk("def f(x):\n    return {'a': [1, 2]}", '```json\n{"role": "user"}\n```'),
    ),
    "thinking": lines(
        talk("How much is 1 + 1?", "<think>\nEasy.\n</think>\n\n2"), talk("2 + 2?", "<think>\n\n</think>\n\n4")
    ),
}
TOOLED = {
    "function calls": lines(
        CALLED, talk("Hi?", "Ho.", tools=""), columns={"messages": "messages", "tools": "tools"}, tags=TOOL_TAGS
    ),
    "function calls, no tools": lines({"messages": CALLED["messages"]}, tags=TOOL_TAGS),
    "function calls in sharegpt": lines(
        {
            "conversations": [
                {"from": turn["role"].replace("user", "human").replace("assistant", "gpt"), "value": turn["content"]}
                for turn in CALLED["messages"]
            ],
            "tools": TOOLS,
        },
        columns={"messages": "conversations", "tools": "tools"},
        tags=None,
    ),
    "two calls at once": lines(
        {
            "messages": [
                CALLED["messages"][0],
                {"role": "function_call", "content": f"[{CALL}, {CALL}]"},
                *CALLED["messages"][2:],
            ],
            "tools": TOOLS,
        },
        columns={"messages": "messages", "tools": "tools"},
        tags=TOOL_TAGS,
    ),
}
SHOWN = {
    "boxes and points": with_pictures(
        talk(
            "<image>Where is <|object_ref_start|>it<|object_ref_end|>?",
            "<|box_start|>(10,20),(990,940)<|box_end|>",
            images=["0.png"],
        ),
        talk(
            '<image>All, as {"bbox_2d": [x1, y1, x2, y2]}.',
            '[{"bbox_2d": [1, 2, 730, 1000], "label": "it"}]',
            images=["1.png"],
        ),
        talk(
            "<image>Open it.", "click(500, 250)", "<image>And now?", "long_press(120, 990)", images=["0.png", "1.png"]
        ),
        talk(
            "<image>Point.",
            '{"point_2d": [500, 500]}',
            "And around it?",
            '"points": [[1, 2], [90, 2], [90, 80]]',
            images=["2.png"],
        ),
        talk(
            "<image>What are [1500, 2000, 30, 1] and (4000, 1)?",
            "Four numbers, and two: click here (or there).",
            images=["0.png"],
        ),
    ),
    "several pictures": with_pictures(
        talk("<image><image>Which is <image>?", "The last.", images=["0.png", "1.png", "2.png"]),
        talk("<image>One?", "Yes.", images=["0.png"]),
    ),
    "a picture in each turn": with_pictures(
        talk("<image>This?", "Blue.", "And <image>?", "Red.", images=["0.png", "1.png"]),
        talk("Nothing yet?", "No.", "<image>\nNow?", "Yes.", images=["2.png"]),
    ),
    "the same picture twice": with_pictures(talk("<image>a<image>?", "Equal.", images=["0.png", "0.png"])),
    "alpaca with pictures": with_pictures(
        {"instruction": "<image>What is it?", "input": "", "output": "A thing.", "images": ["0.png"]},
        {"instruction": "Describe.", "input": "<image>", "output": "A line.", "images": ["1.png"]},
        formatting=None,
        columns={"prompt": "instruction", "query": "input", "response": "output", "images": "images"},
        tags=None,
    ),
    "sharegpt with pictures": with_pictures(
        {"id": "a", "image": "0.png", "conversations": [{"from": "human", "value": "<image>\nWhat?"}, HUMAN[1]]},
        {"id": "b", "image": "1.png", "conversations": [{"from": "human", "value": "What?\n<image>"}, HUMAN[1]]},
        columns={"messages": "conversations", "images": "image"},
        tags=None,
    ),
    "kinds of pictures": every_kind,
}
FILMED = {
    "videos": with_films(
        talk("<video>What?", "That.", videos=["a.mp4"]), talk("And <video>?", "This.", videos=["b.mkv"])
    ),
    "video as text": with_films(talk("<video>What?", "That.", videos="a.mp4")),
    "videos beside pictures": with_films(
        talk("<video>What?", "That.", videos=["a.mp4"], images=[]),
        talk("<image>What?", "That.", videos=[], images=["0.png"]),
        talk("<image>or <video>?", "Both.", videos=["a.mp4"], images=["1.png"]),
        columns=IMAGES | {"videos": "videos"},
    ),
}
LISTED = {"frames": with_films(talk("<video>What?", "That.", videos=[["0.png", "1.png", "2.png", "3.png"]]))}
PREFERRED = {
    "ranking": lines(
        {"conversations": HUMAN[:1], "chosen": HUMAN[1], "rejected": {"from": "gpt", "value": "Bad."}},
        ranking=True, columns={"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}, tags=None,
    ),
    "alpaca ranking": lines(
        {"instruction": "Say.", "input": "", "chosen": "Yes.", "rejected": "No."}, formatting=None, ranking=True,
        columns={"prompt": "instruction", "query": "input", "chosen": "chosen", "rejected": "rejected"}, tags=None,
    ),
    "KTO": lines(
        talk("Say.", "Yes.", label=True), talk("Say it.", "No.", label=False),
        columns={"messages": "messages", "kto_tag": "label"},
    ),
}  # fmt: skip
OPEN = {
    "openai": lines(talk("One?", "Two."), talk("Three?", "Four."), formatting="openai"),
    "openai with tool calls": lines(
        OPENAI, formatting="openai", columns={"messages": "messages", "tools": "tools"}, tags=OPENAI_TAGS
    ),
}
SWIFT = {
    "messages": lines(talk("One?", "Two."), {"messages": [SYSTEM, *talk("a?", "b")["messages"]]}),
    "messages with pictures": with_pictures(
        talk("<image>One?", "Two.", images=["0.png"]), talk("No tag?", "It is put.", images=["1.png"]), columns=None
    ),
    "query and response": lines({"query": "One?", "response": "Two.", "history": [["a", "b"]], "system": "Be kind."}),
    "sharegpt rows": lines({"conversations": HUMAN}),
    "pairs": lines(
        {"system": "s", "conversation": [{"human": "a", "assistant": "b"}, {"human": "c", "assistant": "d"}]}
    ),
    "instruction rows": lines(*ALPACA),
    "pictures as objects": with_pictures(
        talk("<image>One?", "Two.", images=[{"path": "0.png"}]),
        talk("<image>One?", "Two.", images=[{"path": "1.png"}]),
        columns=None,
    ),
    "one picture": with_pictures(
        talk("<image>One?", "Two.", image="0.png"), talk("<image>?", "Two.", image="1.png"), columns=None
    ),
    "contents in parts": with_pictures(
        {
            "messages": [
                {"role": "user", "content": [{"type": "image", "image": "0.png"}, {"type": "text", "text": "One?"}]},
                {"role": "assistant", "content": "Two."},
            ]
        },
        columns=None,
    ),
    "boxes": with_pictures(
        talk(
            "<image>Find <ref-object>.", "<bbox>", images=["0.png"], objects={"ref": ["it"], "bbox": [[1, 2, 30, 40]]}
        ),
        columns=None,
    ),
}
WITH_TOOLS = (*LLAMAFACTORY, "ms-swift")
NOT_OF = {
    "images column of nulls": ("llamafactory@0.9.2", "llamafactory@0.9.1"),
    "videos": ("llamafactory@0.9.1",),  # it wants the number of frames, which no MKV names
    "function calls": ("ms-swift",),  # it reads empty tools as a tool
    "two calls at once": ("ms-swift",),
    "openai with tool calls": ("llamafactory@0.9.4",),  # keys of other messages are null here
}

LAYOUTS = {
    **{name: of(build, not_of=NOT_OF.get(name, ())) for name, build in {**TEXT, **SHOWN}.items()},
    **{name: of(build, WITH_TOOLS, not_of=NOT_OF.get(name, ())) for name, build in TOOLED.items()},
    **{name: of(build, LLAMAFACTORY, not_of=NOT_OF.get(name, ())) for name, build in FILMED.items()},
    **{name: of(build, LATE, not_of=NOT_OF.get(name, ())) for name, build in LISTED.items()},
    **{name: of(build, LLAMAFACTORY, not_of=NOT_OF.get(name, ())) for name, build in PREFERRED.items()},
    **{name: of(build, LATE[:2], not_of=NOT_OF.get(name, ())) for name, build in OPEN.items()},
    **{
        f"ms-swift, {name}": of(
            lambda folder, build=build: {**build(folder), "formatting": "ms-swift", **NO_KEYS}, ("ms-swift",)
        )
        for name, build in SWIFT.items()
    },
}
