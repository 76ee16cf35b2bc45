"""What a template for models that think does with thoughts, to the character."""

import pytest

from validator.conversation.sample import Sample, Turn
from validator.tokens.encode import TrainerError, encode_turns
from validator.tokens.processor import load_processor
from validator.tokens.template import Thoughts
from validator.trainers.registry import trainer_named

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
    encoded = encode_turns(sample, processor, None, replaced(template, thoughts))
    for turn in encoded:
        assert sum(map(len, turn.texts)) == sum(len(processor.encoder.encode(text)) for text in turn.written)
    return [turn.written for turn in encoded]


def replaced(template, thoughts):
    from dataclasses import replace

    return replace(template, thoughts=thoughts)


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
