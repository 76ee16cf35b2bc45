"""Rows under unsloth's vision collator: what becomes of each, as unsloth_zoo 2026.10.9 itself answered."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import check
from tests.helpers.own_rows import IMAGE, INLINE, answer, chat, prompt, text, user
from tests.unit.single_rows import judged_by_unsloth as judged

WIDE = {"type": "image", "image": "w.png"}
X = "x " * 3000
PART, SAID = [IMAGE, text("hi")], [text("yo")]
ROWS = {
    "a column": (chat(PART, SAID, images=["a.png"]), ("ok", 37, 23), []),
    "a wide image": (chat(PART, SAID, images=["w.png"]), ("ok", 259, 23), ["IM013"]),
    "a tall image": (chat(PART, "yo", images=["tall.png"]), ("ok", 2048, 14), ["TK001", "TK004", "TK006"]),
    "an empty list": (chat(PART, SAID, images=[]), ("ok", 26, 23), ["DI023"]),
    "an empty list wins": (chat([INLINE, text("hi")], SAID, images=[]), ("ok", 26, 23), ["DI023"]),
    "null does not": (chat([INLINE, text("hi")], SAID, images=None), ("ok", 37, 23), []),
    "a column wins": (chat([INLINE, text("hi")], SAID, images=["b.png"]), ("ok", 102, 23), []),
    "no part for the image": (chat("hi", "yo", images=["a.png"]), ("crash", None, None), ["CV020"]),
    "gone": (chat(PART, SAID, images=["gone.png"]), ("crash", None, None), ["MD001"]),
    "nulls in the list": (chat(PART, SAID, images=["a.png", None]), ("ok", 37, 23), []),
    "an image too many": (chat(PART, SAID, images=["a.png", "b.png"]), ("crash", None, None), ["CV020"]),
    "a long text is cut": (
        chat([IMAGE, text(f"hi {X}")], SAID, images=["a.png"]),
        ("ok", 2048, 2034),
        ["TK003", "TK004"],
    ),
    "within": (chat([INLINE, text("hi")], SAID), ("ok", 37, 23), []),
    "a wide one within": (chat([WIDE, text("hi")], SAID), ("ok", 259, 23), ["IM013"]),
    "a part without an image": (chat(PART, SAID), ("crash", None, None), ["CV020"]),
    "a URL part": (
        chat([{"type": "image_url", "image_url": {"url": "a.png"}}, text("hi")], SAID),
        ("crash", None, None),
        ["CV020"],
    ),
    "text": (chat("hi", "yo"), ("ok", 23, 23), []),
    "no content": (chat("hi", None), ("crash", None, None), ["CV005"]),
    "no messages": ({"messages": []}, ("crash", None, None), ["CV004"]),
    "other columns": ({"text": "x"}, ("crash", None, None), ["CV004"]),
    "from and value": (
        {"conversations": [{"from": "human", "value": "x"}, {"from": "gpt", "value": "y"}]},
        ("crash", None, None),
        ["CV004"],
    ),
    "conversations": ({"conversations": [user("hi"), answer("yo")]}, ("ok", 23, 23), []),
    "a prompt": (prompt(PART, "yo", images=["a.png"]), ("ok", 37, 3), []),
    "a prompt without its image": (prompt(PART, "yo", images=["gone.png"]), ("ok", 26, 3), ["DI024"]),
    "a prompt whose image is within": (prompt([WIDE, text("hi")], "yo"), ("ok", 259, 3), ["IM013"]),
    "and is gone": (
        prompt([{"type": "image", "image": "gone.png"}, text("hi")], "yo"),
        ("ok", 26, 3),
        ["DI024"],
    ),
    "a prompt without any image": (prompt(PART, "yo", images=[]), ("ok", 26, 3), ["DI023"]),
    "apart from its prompt": (prompt("hi", "\nyo", images=[]), ("ok", 24, 4), []),
    "a prompt that is too long": (prompt(X, "yo", images=[]), ("ok", 2048, 0), ["LB001", "TK003", "TK004"]),
    "tokens of vision in the text": (chat("hi", "x<|vision_start|>"), ("unchecked", None, None), []),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_rows(tmp_path, name):
    row, outcome, codes = ROWS[name]
    assert judged(tmp_path, row) == (outcome, codes)


Q, A = "<|im_start|>user\n", "<|im_start|>assistant\n"
ANSWERS = {
    "an answer and its end": (chat("hi", "yo"), ("ok", 23, 2), []),
    "beside an image": (chat([INLINE, text("hi")], SAID), ("ok", 37, 2), []),
    "each answer": ({"messages": [user("hi"), answer("yo"), user("hi"), answer("yo yo")]}, ("ok", 36, 5), []),
    "no reply of a tool": (
        {"messages": [user("hi"), answer("yo"), {"role": "tool", "content": "12"}, answer("yo")]},
        ("ok", 36, 4),
        [],
    ),
    "an empty answer": (chat("hi", ""), ("ok", 22, 1), ["LB002"]),
    "a space first": (chat("hi", "  yo"), ("ok", 24, 3), []),
    "a line feed first": (chat("hi", "\nyo"), ("ok", 23, 0), ["LB001", "LB008"]),
    "a line feed before one of two": (
        {"messages": [user("hi"), answer("\nyo"), user("hi"), answer("yo")]},
        ("ok", 35, 2),
        ["LB008"],
    ),
    "no answer": ({"messages": [user("hi")]}, ("ok", 17, 0), ["LB001"]),
    "an end within": (chat("hi", "yo<|im_end|> so"), ("ok", 25, 2), ["PH004"]),
    "a beginning within": (chat("hi", "yo<|im_start|> so"), ("ok", 25, 1), ["PH004"]),
    "an answer within a question": (chat(f"{A}ha ha", "yo"), ("ok", 27, 5), ["PH004"]),
    "questions and answers within an answer": (
        chat("hi", f"yo<|im_end|>\n{Q}hi<|im_end|>\n{A}so"),
        ("ok", 35, 4),
        ["PH004"],
    ),
    "an answer within the system prompt": (
        {"messages": [{"role": "system", "content": f"As here: {A}ha"}, user("hi"), answer("yo")]},
        ("ok", 25, 4),
        ["PH004"],
    ),
    "a completion": (prompt("hi", "yo"), ("ok", 23, 2), []),
    "a prompt of texts": ({"prompt": ["hi"], "completion": ["yo"]}, ("unchecked", None, None), []),
    "apart from its prompt": (prompt("hi", "\nyo"), ("ok", 24, 3), []),
    "no answer of a prompt": (
        {"prompt": [user("hi"), answer("yo"), user("hi")], "completion": [answer("yo"), user("x"), answer("\nyo")]},
        ("ok", 47, 2),
        ["LB008"],
    ),
    "cut within the answer": (chat("hi", " ".join(map(str, range(2000)))), ("ok", 2048, 2028), ["TK004"]),
    "cut before it": (chat(X, "yo"), ("ok", 2048, 0), ["LB001", "TK003", "TK004"]),
    "cut, and without an answer": ({"messages": [user(X)]}, ("ok", 2048, 0), ["LB001", "TK003"]),
}  # fmt: skip
"""Under `train_on_responses_only`."""


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_alone_are_learned(tmp_path, name):
    row, outcome, codes = ANSWERS[name]
    assert judged(tmp_path, row, train_on_responses_only=True) == (outcome, codes)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"messages": [user(X)]}, "nothing of this row is learned, whatever the cutoff: the loss of this row is NaN"),
        (chat(X, "yo"), "no label is left within the cutoff of 2,048: the loss of this row is NaN"),
    ],
)
def test_a_row_that_teaches_nothing_says_whether_the_cutoff_is_why(tmp_path, row, said):
    (tmp_path / "data.jsonl").write_text(json.dumps(row) + "\n")
    _, findings = check(
        str(tmp_path / "data.jsonl"), tmp_path / "run", trainer="unsloth", cutoff_len=2048, train_on_responses_only=True
    )
    assert [finding["message"] for finding in findings if finding["code"] == "LB001"] == [said]


def test_an_image_in_an_answer_stops_under_a_template_that_does_not_write_it(tmp_path):
    row = chat("hi", [text("yo"), INLINE])
    assert judged(tmp_path, row, processor="qwen3-vl") == (("crash", None, None), ["PH002"])
    assert judged(tmp_path, row) == (("ok", 37, 23), [])


def test_nothing_is_narrowed_under_max(tmp_path):
    outcome, codes = judged(tmp_path, chat(PART, SAID, images=["w.png"]), resize="max")
    assert outcome == ("ok", 25 + 900, 23) and codes == []


def test_parquet_gives_no_part_a_key(tmp_path):
    """Null keys are taken out, where TRL stops at them."""
    pq.write_table(pa.Table.from_pylist([chat([INLINE, text("hi")], SAID)]), tmp_path / "data.parquet")
    Image.new("RGB", (100, 80)).save(tmp_path / "a.png")
    check(str(tmp_path / "data.parquet"), tmp_path / "run", trainer="unsloth")
    assert pq.read_table(tmp_path / "run" / "samples.parquet")["num_tokens"].to_pylist() == [37]


@pytest.mark.parametrize("trainer", ["trl", "unsloth"])
def test_questions_are_learned_by_default(tmp_path, trainer):
    (tmp_path / "data.jsonl").write_text(json.dumps(chat("hi", "yo")) + "\n")
    _, findings = check(str(tmp_path / "data.jsonl"), tmp_path / "run", trainer=trainer)
    assert [(finding["code"], finding["severity"]) for finding in findings] == [("LB006", "info")]
