"""What a template for models that think does with thoughts, to the character."""

from dataclasses import replace

import pytest

from validator.conversation.sample import Sample, Turn
from validator.settings import Settings
from validator.tokens.encode import TrainerError, encode_turns
from validator.tokens.processor import load_processor
from validator.tokens.template import Thoughts
from validator.trainers.registry import trainer_named
from validator.training.config import check_settings, make_config
from validator.training.family import fed_as

EMPTY = "<think>\n\n</think>\n\n"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a", "a"),
        ("<think>\nhm\n</think>\n\na", "a"),
        ("<think>\n1\n</think>\n\na<think>\n2\n</think>\n\nb", "ab"),
        ("<think>\n<think>\n1\n</think>\n\n</think>\n\na", "</think>\n\na"),
        ("<think>\nhm</think>\n\na", "<think>\nhm</think>\n\na"),
        ("<think>\nhm", "<think>\nhm"),
        ("hm\n</think>\n\na", "hm\n</think>\n\na"),
        ("<think>\n</think>\n\na", "<think>\n</think>\n\na"),
        ("\n\n a", " a"),
        ("<think>\nhm\n</think>\n\n\n\n a", " a"),
        ("<think><think>\n\n</think>\n\n\n", "<think>\n"),
    ],
)
def test_thoughts_are_taken_from_their_beginning_to_the_first_end(text, left):
    assert Thoughts().without(text) == left


SAID = ["q", "<think>\n1\n</think>\n\na", "q", "b", "q", "<think>\n2\n</think>\n\nc"]
FULL, BARE = ("<think>\n1\n</think>\n\na", "b", "<think>\n2\n</think>\n\nc"), ("a", "b", "c")


@pytest.mark.parametrize(
    ("enabled", "forgets", "answers", "before", "within"),
    [
        (True, False, FULL, "...", ".x."),
        (None, False, FULL, ".x.", "..."),
        (False, False, BARE, "xxx", "..."),
        (True, True, ("a", "b", FULL[2]), "...", "..."),
        (None, True, ("a", "b", FULL[2]), "...", "..."),
        (False, True, BARE, "..x", "..."),
    ],
)
def test_which_answers_lose_thoughts_and_which_are_given_an_empty_one(enabled, forgets, answers, before, within):
    """`before`: behind the question, not learned; `within`: at the beginning of the answer, learned."""
    turns = written(SAID, Thoughts(enabled, forgets))
    for number in range(3):
        (asked,), (answered,) = turns[2 * number], turns[2 * number + 1]
        assert asked.endswith(EMPTY) == (before[number] == "x")
        empty = EMPTY if within[number] == "x" else ""
        assert answered == f"{empty}{answers[number]}<|im_end|>\n"


def written(said, thoughts, images=0):
    roles = ("user", "assistant") * len(said)
    sample = Sample([Turn(place, role, text) for place, (role, text) in enumerate(zip(roles, said, strict=False))])
    processor = load_processor("qwen3-vl")
    template = trainer_named("llamafactory").template(processor, "qwen3_vl")
    encoded = encode_turns(sample, processor, None, replace(template, thoughts=thoughts))
    for turn in encoded:
        assert sum(map(len, turn.texts)) == sum(len(processor.encoder.encode(text)) for text in turn.written)
    return [turn.written for turn in encoded]


@pytest.mark.parametrize(
    ("answer", "given"),
    [("a", True), ("<think>", False), ("a</think>", False), ("<THINK>", True), ("", True)],
)
def test_an_answer_with_either_tag_is_given_no_empty_thought(answer, given):
    (text,) = written(["q", answer], Thoughts())[1]
    assert text.startswith(EMPTY) == given


def test_an_image_in_a_thought_goes_with_it():
    said = ["<image>q", "<think>\n<image>\n</think>\n\na<image>"]
    assert written(said, Thoughts(False))[1] == ["a", "<|im_end|>\n"]


def test_a_placeholder_that_is_left_over_of_a_thought_stays_text():
    assert written(["q", "<im<think>\n\n</think>\n\nage>"], Thoughts(False))[1] == ["<image><|im_end|>\n"]


def test_content_that_is_no_text_stops_the_trainer_where_thoughts_are_taken():
    for enabled, error in ((False, TypeError), (True, RuntimeError)):
        with pytest.raises(TrainerError) as caught:
            written(["q", ["a"]], Thoughts(enabled))
        assert (type(caught.value.cause), caught.value.turn) == (error, 1)


def of_main(name, **settings):
    trainer = Settings(dataset_info="x", trainer="llamafactory@main", **settings).profile
    return trainer.template(load_processor("qwen3-vl"), name)


LOW = (
    "Reasoning effort is set to low. Keep your thinking brief and focused, moving directly to the conclusion without "
    "unnecessary elaboration."
)
TOOL = '{"name": "f"}'


@pytest.mark.parametrize(
    ("settings", "system", "tools", "said"),
    [
        ({"reasoning_effort": "low"}, None, None, LOW),
        ({"reasoning_effort": "low"}, " Hi\n", None, f"{LOW}\n\nHi"),
        ({"reasoning_effort": "low", "enable_thinking": False}, "Hi", None, "Hi"),
        ({"reasoning_effort": "medium"}, "Hi", None, "Hi"),
        ({"reasoning_effort": "medium"}, None, None, None),
        ({"reasoning_effort": "medium"}, "Hi", "[]", "\n\nHi"),
        ({"reasoning_effort": "low"}, None, "[]", f"{LOW}\n\n"),
    ],
)
def test_how_much_to_think_is_said_first(settings, system, tools, said):
    text = of_main("qwen3_8", **settings).system(Sample(system=system, tools=tools), None)
    assert text == ("" if said is None else f"<|im_start|>system\n{said}<|im_end|>\n")


def test_tools_stand_between_the_effort_and_the_prompt_of_the_row():
    text = of_main("qwen3_8", reasoning_effort="low").system(Sample(system="Hi", tools=f"[{TOOL}]"), None)
    assert text.startswith(f"<|im_start|>system\n{LOW}\n\n# Tools\n\nYou have access")
    assert f'<tools>\n{{"type": "function", "function": {TOOL}}}\n</tools>' in text
    assert text.endswith("</IMPORTANT>\n\nHi<|im_end|>\n")


@pytest.mark.parametrize(
    ("trainer", "system", "before"),
    [("llamafactory@main", None, ""), ("llamafactory@main", "S", "S\n\n"), ("llamafactory", None, "\n\n")],
)
def test_tools_without_a_system_prompt(trainer, system, before):
    template = trainer_named(trainer).template(load_processor("qwen3-vl"), "qwen3_5")
    text = template.system(Sample(system=system, tools=f"[{TOOL}]"), None)
    assert text.startswith(f"<|im_start|>system\n{before}# Tools") and f"<tools>\n{TOOL}\n</tools>" in text


@pytest.mark.parametrize(
    ("template", "settings", "forgets"),
    [
        ("qwen3_8", {}, False),
        ("qwen3_8", {"preserve_thinking": False}, True),
        ("qwen3_5", {}, True),
        ("qwen3_5", {"preserve_thinking": True}, False),
    ],
)
def test_whether_mask_history_takes_thoughts_is_the_templates_own(template, settings, forgets):
    assert of_main(template, mask_history=True, **settings).thoughts.forgets == forgets


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"reasoning_effort": "low"}, "LLaMA-Factory 0.9.5 has no reasoning_effort"),
        ({"trainer": "llamafactory@0.9.4", "preserve_thinking": True}, "LLaMA-Factory 0.9.4 has no preserve_thinking"),
        ({"trainer": "hf", "enable_thinking": None}, "has no enable_thinking"),
    ],
)
def test_settings_that_a_trainer_has_not(settings, said):
    with pytest.raises(ValueError, match=said):
        Settings(dataset_info="x", **settings)


@pytest.mark.parametrize(("trainer", "name"), [("llamafactory", "qwen3_8"), ("llamafactory@0.9.3", "qwen3_vl")])
def test_a_template_that_a_release_has_not(trainer, name):
    with pytest.raises(ValueError, match=f"{trainer} has no template {name}"):
        trainer_named(trainer).template(load_processor("embedded"), name)


@pytest.mark.parametrize(
    ("value", "word"), [(True, "true"), (False, "false"), (None, "null"), (0, "null"), ("no", "true"), (1, "true")]
)
def test_enable_thinking_of_a_training_file_as_the_trainer_takes_it(value, word):
    config = make_config({"dataset": "a", "dataset_dir": ".", "enable_thinking": value})
    assert check_settings(config)["enable_thinking"] == word
    assert check_settings(make_config({"dataset": "a", "dataset_dir": "."}))["enable_thinking"] == "true"


@pytest.mark.parametrize(
    ("given", "settings"),
    [
        ({"reasoning_effort": "low"}, {"trainer": "llamafactory@main", "reasoning_effort": "low"}),
        ({"template": "qwen3_8"}, {"trainer": "llamafactory@main", "reasoning_effort": "xhigh"}),
        ({"template": "qwen3_5"}, {}),
    ],
)
def test_a_training_file_of_the_main_branch_is_judged_as_such(given, settings):
    config = make_config({"dataset": "a", "dataset_dir": ".", **given})
    assert not config.unknown
    taken = check_settings(config) | fed_as(config)
    assert {name: taken[name] for name in ("trainer", "reasoning_effort") if name in taken} == settings
    assert taken["template"] == given.get("template", "tokenizer")
