"""The rendered text, to the character."""

import json

import pytest

from validator.conversation.sample import Sample
from validator.tokens.template import MediaSlot
from validator.trainers.llamafactory.template import TEMPLATES

TEMPLATE = TEMPLATES["0.9.5"]["qwen2_vl"]
IMAGE, SECOND = MediaSlot("image", 0), MediaSlot("image", 1)


def render(role, content, pair):
    return joined(TEMPLATE.turn(role, content, pair, TEMPLATE.slots_in(content, {"image": 0, "video": 0}, Sample())))


def joined(turn):
    before, pieces, after = turn
    pieces[0] = before + pieces[0]
    pieces[-1] += after
    return pieces


@pytest.mark.parametrize(
    ("role", "content", "pieces"),
    [
        ("user", "Hi", ["<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"]),
        ("assistant", "Hi", ["Hi<|im_end|>\n"]),
        (
            "user",
            "<image>Hi<image>",
            ["<|im_start|>user\n", IMAGE, "Hi", SECOND, "<|im_end|>\n<|im_start|>assistant\n"],
        ),
        (
            "observation",
            "{}",
            ["<|im_start|>user\n<tool_response>\n{}\n</tool_response><|im_end|>\n<|im_start|>assistant\n"],
        ),
        ("user", "{{idx}} {{idx}}", ["<|im_start|>user\n3 {{idx}}<|im_end|>\n<|im_start|>assistant\n"]),
        ("assistant", "{{idx}}", ["{{idx}}<|im_end|>\n"]),
        ("assistant", "a<video>b", ["a", MediaSlot("video", 0), "b<|im_end|>\n"]),
        (
            "user",
            "<Image> <im<image>age>",
            ["<|im_start|>user\n<Image> <im", IMAGE, "age><|im_end|>\n<|im_start|>assistant\n"],
        ),
    ],
)
def test_turns(role, content, pieces):
    assert render(role, content, 3) == pieces


def test_function_calls():
    call = {"name": "f", "arguments": {"城": "北京"}}
    text = '<tool_call>\n{"name": "f", "arguments": {"城": "北京"}}\n</tool_call>'
    for content, before in (
        (json.dumps(call), ""),
        (json.dumps([call, call]), None),
        ("<think>\nhm\n</think>\n\n" + json.dumps(call), "<think>\nhm\n</think>\n\n"),
        ("so: <tool_call>" + json.dumps(call) + "</tool_call>!", "so: !"),
    ):
        expected = f"{text}\n{text}" if before is None else before + text
        assert joined(TEMPLATE.turn("function", content, 0, ())) == [expected + "<|im_end|>\n"]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("f(x)", RuntimeError),
        ('{"name": "f"}', KeyError),
        ('"f"', TypeError),
        ("5", TypeError),
    ],
)
def test_function_calls_that_stop_the_trainer(content, error):
    with pytest.raises(error):
        TEMPLATE.turn("function", content, 0, ())


def test_media_inside_a_function_call_are_expanded_before_its_json_is_read():
    content = json.dumps({"name": "f", "arguments": {"x": "<image>"}})
    before, slot, after = render("function", content, 0)
    assert (before, slot) == ('<tool_call>\n{"name": "f", "arguments": {"x": "', IMAGE)
    assert after == '"}}\n</tool_call><|im_end|>\n'


def test_media_inside_a_function_call_move_and_vanish_with_their_values():
    content = '{"arguments": {"x": "<image>", "x": "<image>"}, "more": "<video>", "name": "<image>"}'
    assert [piece for piece in render("function", content, 0) if isinstance(piece, MediaSlot)] == [
        MediaSlot("image", 2),
        SECOND,
    ]


def test_placeholders_are_numbered_through_the_turns():
    taken = {"image": 0, "video": 0}
    assert TEMPLATE.slots_in("<image><video>", taken, Sample()) == [IMAGE, MediaSlot("video", 0)]
    assert TEMPLATE.slots_in("<image>", taken, Sample()) == [SECOND]


@pytest.mark.parametrize(
    ("system", "tools", "default", "text"),
    [
        (None, None, None, "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"),
        ("", "", None, "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"),
        ("Hi", None, "Be brief.", "<|im_start|>system\nHi<|im_end|>\n"),
        (None, None, "Be brief.", "<|im_start|>system\nBe brief.<|im_end|>\n"),
        (None, None, "", ""),
        (None, "[]", "", "<|im_start|>system\n<|im_end|>\n"),
    ],
)
def test_system(system, tools, default, text):
    assert TEMPLATE.system(Sample(system=system, tools=tools), default) == text


def test_tools_are_listed_one_a_line():
    tools = json.dumps([{"name": "f"}, {"type": "function", "function": {"name": "g"}}])
    text = TEMPLATE.system(Sample(system="S", tools=tools), None)
    assert "\n<tools>\n" + '{"type": "function", "function": {"name": "f"}}\n' in text
    assert '{"type": "function", "function": {"name": "g"}}\n</tools>' in text


@pytest.mark.parametrize(
    ("tools", "error"),
    [("x", RuntimeError), ("5", TypeError), ("null", TypeError), ('{"name": "f"}', AttributeError), ([1], TypeError)],
)
def test_tools_that_stop_the_trainer(tools, error):
    with pytest.raises(error):
        TEMPLATE.system(Sample(system="S", tools=tools), None)
