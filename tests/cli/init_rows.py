"""Kinds of rows, the entry that `mmvalidate init` writes for each, and what it is not sure of."""

import json

from tests.conftest import say
from validator.catalog.entry import TAG_DEFAULTS

USER = {**TAG_DEFAULTS, "role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
HUMAN = [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]
PART = {"type": "text", "text": "Why?"}
CALL = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
SWIFT = "of the trainers, only ms-swift takes these rows: check with --trainer ms-swift."
THINKING = (
    "tool calls in their own key need the formatting openai, under which LLaMA-Factory adds `detailed thinking off` "
    "to the "
    "system prompt of rows without tools."
)


def said(*roles_and_texts, role="role", content="content"):
    return [{role: who, content: text} for who, text in roles_and_texts]


def sharegpt(columns, tags=USER, **keys):
    return {"formatting": "sharegpt", **keys, "columns": columns, **({"tags": tags} if tags else {})}


def alpaca(columns, **keys):
    return {"formatting": "alpaca", **keys, "columns": columns}


MESSAGES, CONVERSATIONS = {"messages": "messages"}, {"messages": "conversations"}
ROWS = {
    "sharegpt": ([{"conversations": HUMAN}], sharegpt(CONVERSATIONS, None), []),
    "messages": ([say("a", "b")], sharegpt(MESSAGES), []),
    "a system turn": (
        [{"messages": said(("system", "s"), ("user", "a"), ("assistant", "b"))}], sharegpt(MESSAGES), []
    ),
    "user and model": (
        [{"messages": said(("user", "a"), ("model", "b"))}], sharegpt(MESSAGES, USER | {"assistant_tag": "model"}), []
    ),
    "speaker and text": (
        [{"dialogue": said(("Human", "a"), ("AI", "b"), role="speaker", content="text")}],
        sharegpt(
            {"messages": "dialogue"},
            TAG_DEFAULTS | {"role_tag": "speaker", "content_tag": "text", "user_tag": "Human", "assistant_tag": "AI"},
        ),
        [],
    ),
    "unknown roles": (
        [{"messages": said(("q", "a"), ("reply", "b"))}],
        sharegpt(MESSAGES, USER | {"user_tag": "q", "assistant_tag": "reply"}),
        [
            "the role `q` is taken for the user, by its place; `user_tag` says so.",
            "the role `reply` is taken for the assistant, by its place; `assistant_tag` says so.",
        ],
    ),
    "a role too many": (
        [say("a", "b"), {"messages": said(("user", "a"), ("assistant", "b"), ("critic", "c"), ("assistant", "d"))}],
        sharegpt(MESSAGES),
        [
            "the role `critic` (1 message) is none that a trainer knows: rows with it are not taken, unless it is "
            "written as "
            "one of the tags."
        ],
    ),
    "two words for a role": (
        [say("a", "b"), say("c", "d"), {"messages": said(("human", "a"), ("assistant", "b"))}],
        sharegpt(MESSAGES),
        [
            "the role of the user is written `user` (2 messages) and `human` (1 message): `user_tag` names the "
            "first, and "
            "rows "
            "with another are not taken; write one word for it in the data."
        ],
    ),
    "function for a call": (
        [{"messages": said(("user", "a"), ("function", "{}"), ("tool", "b"), ("assistant", "c"))}],
        sharegpt(MESSAGES, USER | {"function_tag": "function", "observation_tag": "tool"}),
        [],
    ),
    "function for a result": (
        [{"messages": said(("user", "a"), ("assistant", "b"), ("function", "{}"), ("assistant", "c"))}],
        sharegpt(MESSAGES, USER | {"observation_tag": "function"}),
        [],
    ),
    "calls of ms-swift": (
        [{"messages": said(("user", "a"), ("tool_call", "{}"), ("tool_response", "b"), ("gpt", "c")), "tools": ""}],
        sharegpt(
            MESSAGES | {"tools": "tools"},
            USER | {"function_tag": "tool_call", "observation_tag": "tool_response", "assistant_tag": "gpt"},
        ),
        [],
    ),
    "calls of openai": (
        [
            {
                "messages": [
                    *said(("user", "a")),
                    {"role": "assistant", "content": None, "tool_calls": [CALL]},
                    *said(("tool", "b"), ("assistant", "c")),
                ],
                "tools": [{"type": "function", "function": {"name": "look"}}],
            }
        ],
        sharegpt(MESSAGES | {"tools": "tools"}, USER | {"observation_tag": "tool"}) | {"formatting": "openai"},
        [],
    ),
    "calls of openai, no tools": (
        [{"messages": [*said(("user", "a")), {"role": "assistant", "content": "", "tool_calls": [CALL]}]}],
        sharegpt(MESSAGES) | {"formatting": "openai"},
        [THINKING],
    ),
    "columns for system and tools": (
        [{"conversations": HUMAN, "system_prompt": "s", "tools": "[]"}],
        sharegpt(CONVERSATIONS | {"system": "system_prompt", "tools": "tools"}, None),
        [],
    ),
    "alpaca": ([{"instruction": "a", "input": "b", "output": "c"}],
               alpaca({"prompt": "instruction", "query": "input", "response": "output"}), []),
    "alpaca without input": (
        [{"instruction": "a", "output": "c"}], alpaca({"prompt": "instruction", "response": "output"}), []
    ),
    "history": (
        [{"query": "a", "response": "b", "history": [["c", "d"]], "system": "e"}],
        alpaca({"prompt": "query", "response": "response", "system": "system", "history": "history"}),
        [],
    ),
    "input and output": ([{"input": "a", "output": "b"}], alpaca({"prompt": "input", "response": "output"}), []),
    "two questions, two answers": (
        [{"question": "a", "prompt": "b", "answer": "c", "solution": "d"}],
        alpaca({"prompt": "prompt", "response": "answer"}),
        [
            "`question` may be the question too: `columns.prompt` names `prompt`.",
            "`solution` may be the answer too: `columns.response` names `answer`.",
        ],
    ),
    "a context": (
        [{"question": "a", "context": "b", "answer": "c"}],
        alpaca({"prompt": "question", "query": "context", "response": "answer"}),
        ["`context` is taken for what follows the question; take `query` out of `columns` where it does not."],
    ),
    "an answer missing": (
        [{"instruction": "a", "output": "c"}, {"instruction": "a", "output": None}],
        alpaca({"prompt": "instruction", "response": "output"}),
        [
            "rows whose `output` is no text: 1 of 2 (row 1 is the first, and holds `instruction`); LLaMA-Factory "
            "leaves out a "
            "row whose answer is not text."
        ],
    ),
    "rows of two kinds": (
        [say("a", "b"), say("c", "d"), {"instruction": "a", "output": "c"}],
        sharegpt(MESSAGES),
        [
            "rows whose `messages` is no conversation: 1 of 3 (row 2 is the first, and holds `instruction`, `output`); "
            "LLaMA-Factory "
            "stops at such a row; put rows of another kind into a file of their own."
        ],
    ),
    "two conversations": (
        [say("a", "b", conversations=HUMAN)],
        sharegpt(MESSAGES),
        ["`conversations` may be the conversation too: `columns.messages` names `messages`."],
    ),
    "text": (
        [{"text": "a long one", "id": 1}],
        alpaca({"prompt": "text"}),
        [
            "`text` is text without an answer, for pre-training (stage pt): supervised fine-tuning takes none of its "
            "rows, "
            "and mmvalidate says so; name the answers as `columns.response` where there are some."
        ],
    ),
    "ranking": (
        [{"conversations": HUMAN[:1], "chosen": HUMAN[1], "rejected": HUMAN[1]}],
        sharegpt(CONVERSATIONS | {"chosen": "chosen", "rejected": "rejected"}, None, ranking=True),
        [],
    ),
    "ranking of texts": (
        [{"prompt": "a", "chosen": "b", "rejected": "c"}],
        alpaca({"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}, ranking=True),
        [],
    ),
    "texts beside a conversation": (
        [say("a", "b", rejected_response="c", response="d")],
        sharegpt(MESSAGES),
        [
            "`response` and `rejected_response` are left out: beside a conversation LLaMA-Factory wants each as one "
            "message, "
            '{"role": ..., "content": ...}; the entry is for supervised fine-tuning.'
        ],
    ),
    "KTO": ([say("a", "b", kto_tag=True)], sharegpt(MESSAGES | {"kto_tag": "kto_tag"}), []),
    "a label": (
        [say("a", "b", label=False)],
        sharegpt(MESSAGES | {"kto_tag": "label"}),
        [
            "`label` is true or false: it is taken for the label of KTO; take `kto_tag` out of `columns` where it "
            "means "
            "something else."
        ],
    ),
    "images": ([say("<image>a", "b", images=["0.png"])], sharegpt(MESSAGES | {"images": "images"}), []),
    "an image": (
        [{"conversations": [{"from": "human", "value": "<image>a"}, HUMAN[1]], "image": "0.png", "id": "0.png"}],
        sharegpt(CONVERSATIONS | {"images": "image"}, None),
        [],
    ),
    "images without a mark": (
        [say("a", "b", images=["0.png"])],
        sharegpt(MESSAGES | {"images": "images"}),
        [
            "rows with images but no <image> in the text: 1 of 1 (row 0 is the first); LLaMA-Factory stops at such a "
            "row, "
            "ms-swift puts it in."
        ],
    ),
    "a mark without images": (
        [say("a", "b"), say("<image>a", "b")],
        sharegpt(MESSAGES),
        [
            "rows with <image> in the text: 1 of 2 (row 1 is the first), but no column holds images; name one as "
            "`columns.images`."
        ],
    ),
    "a column that looks like images": (
        [say("<image>a", "b", shot="0.png", source="0.png")],
        sharegpt(MESSAGES | {"images": "shot"}),
        ["`shot` is taken for the column of images, because of what its values end in."],
    ),
    "two columns of images": (
        [say("<image>a", "b", depth="1.png", image="0.png")],
        sharegpt(MESSAGES | {"images": "image"}),
        ["`depth` may hold images too: `columns.images` names `image`, and a trainer reads one column."],
    ),
    "URLs": (
        [say("<image>a", "b", image="https://example.org/0.png")],
        sharegpt(MESSAGES | {"images": "image"}),
        ["`image` holds 1 URL, which LLaMA-Factory does not fetch: download them."],
    ),
    "images that are not there": (
        [say("<image>a", "b", images=["else/0.png"])],
        sharegpt(MESSAGES | {"images": "images"}),
        [
            "media files that do not exist: 1 of 1 that were looked for (`else/0.png` is the first); pass the folder "
            "at "
            "which the paths start as --media-dir."
        ],
    ),
    "images in another folder": (
        [say("<image>a", "b", images=["2.png"])],
        sharegpt(MESSAGES | {"images": "images"}),
        [
            "the media lie below pictures, not beside dataset_info.json: pass --media-dir pictures, and set "
            "media_dir in "
            "the training file."
        ],
    ),
    "videos and audios": (
        [say("<video><audio>a", "b", videos=["a.mp4"], audio="a.wav")],
        sharegpt(MESSAGES | {"videos": "videos", "audios": "audio"}),
        [],
    ),
    "contents in parts": (
        [{"messages": said(("user", [{"type": "image", "image": "0.png"}, PART]), ("assistant", [PART]))}],
        sharegpt(MESSAGES),
        [
            "contents are lists of parts, which ms-swift takes (check with --trainer ms-swift) and LLaMA-Factory "
            "does not: "
            "`mmvalidate export RUN --to clean --fix` writes them as text."
        ],
    ),
    "pairs": (
        [{"conversation": [{"human": "a", "assistant": "b"}]}],
        {"formatting": "ms-swift"},
        [f"`conversation` holds pairs of question and answer in place of messages: {SWIFT}"],
    ),
    "messages in text": (
        [{"dialog": json.dumps(HUMAN)}],
        {"formatting": "ms-swift", "columns": {"messages": "dialog"}},
        [f"`dialog` holds its messages as JSON in text: {SWIFT}"],
    ),
    "boxes": (
        [say("<image><ref-object>", "<bbox>", images=["0.png"], objects={"ref": ["it"], "bbox": [[1, 2, 3, 4]]})],
        {"formatting": "ms-swift"},
        [f"`objects` holds references and boxes that are filled in for <ref-object> and <bbox>: {SWIFT}"],
    ),
    "images as objects": (
        [say("<image>a", "b", images=[{"path": "0.png"}])],
        {"formatting": "ms-swift"},
        [f"`images` holds objects with a path alone: {SWIFT}"],
    ),
}  # fmt: skip
"""Rows -> the entry without its file's name, and what is said to be unsure."""
