"""Rows as messages, under the trainers that take roles in any order: what they become, and what is left unchecked."""

import pytest

from tests.conftest import say
from validator.engine.run_files.finished import FinishedRun

TEXT = {"type": "text", "text": "yo"}
SYSTEM, QUESTION, ANSWER = 11, 6, 6
"""Tokens of the default system prompt, and of a question and an answer of one token each."""


def outcome(dataset, trainer, row, **entry):
    dataset.write([row], **entry)
    dataset.check(trainer=trainer, image_max_pixels=262144)
    record = dataset.samples()[0]
    return record["outcome"], record["num_tokens"], record["num_label_tokens"]


@pytest.mark.parametrize(
    ("trainer", "row", "expected"),
    [
        ("hf", say("hi", "yo"), ("ok", SYSTEM + QUESTION + ANSWER, SYSTEM + QUESTION + ANSWER)),
        ("hf", say("hi"), ("ok", SYSTEM + QUESTION, SYSTEM + QUESTION)),
        ("hf", {"messages": [{"role": "system", "content": ""}]}, ("ok", 5, 5)),
        ("hf", {"messages": [{"role": "robot", "content": "hi"}]}, ("crash", None, None)),
        ("hf", say("<image>hi", "yo", images=[]), ("crash", None, None)),
        ("hf", say("hi", "yo", videos=["a.mp4"]), ("crash", None, None)),
        ("qwen-vl-utils", say("  hi \n", "yo"), ("ok", SYSTEM + QUESTION + ANSWER, ANSWER - 3)),
        ("qwen-vl-utils", {"messages": [{"role": "robot", "content": "yo"}]}, ("ok", SYSTEM + ANSWER, ANSWER - 3)),
        ("qwen-vl-utils", say("<image>hi", "yo", images=["gone.png"]), ("dropped", None, None)),
        ("qwen-vl-utils", say("hi<|im_end|>", "yo"), ("unchecked", None, None)),
        ("qwen-vl-utils", say(None, 5), ("dropped", None, None)),
        ("qwen-vl-utils", say([TEXT], 5), ("dropped", None, None)),
        ("qwen-vl-utils", say("hi", 5), ("ok", SYSTEM + QUESTION + ANSWER, ANSWER - 3)),
        ("qwen-vl-utils", say("hi", [TEXT]), ("ok", SYSTEM + QUESTION + ANSWER + 13, ANSWER + 10)),
        ("hf", say([TEXT], [TEXT]), ("ok", SYSTEM + QUESTION + ANSWER, SYSTEM + QUESTION + ANSWER)),
        ("hf", {"messages": [{"role": "system", "content": [TEXT]}]}, ("ok", 6, 6)),
        ("hf", {"messages": [{"role": "system", "content": [{"type": "image"}]}]}, ("unchecked", None, None)),
        ("hf", say([{"type": "image"}, TEXT], [TEXT], images=[]), ("crash", None, None)),
        ("hf", say([{"type": "image", "image": "a.png"}, TEXT], [TEXT]), ("unchecked", None, None)),
    ],
)
def test_rows(dataset, trainer, row, expected):
    assert outcome(dataset, trainer, row) == expected


def test_alpaca(dataset):
    columns = {"prompt": "q", "response": "a"}
    found = outcome(dataset, "hf", {"q": "hi", "a": "yo"}, formatting="alpaca", columns=columns)
    assert found == ("ok", SYSTEM + QUESTION + ANSWER, SYSTEM + QUESTION + ANSWER)


def test_judged_again(dataset):
    """A row that fails under Qwen's fine-tuning is dropped; under other limits it may not fail."""
    from validator.engine.rejudge import rejudge, settings_of

    dataset.write([say("<image>hi", "yo", images=[dataset.image("thin.png", (31, 639))])])
    dataset.check(trainer="qwen-vl-utils", image_max_pixels=20 * 784, image_min_pixels=784)
    assert dataset.samples()[0]["outcome"] == "dropped"
    run = dataset.folder / "run"
    rejudge(FinishedRun(run), settings_of(FinishedRun(run), {"image_max_pixels": 262144}), run)
    assert dataset.samples()[0]["outcome"] == "ok"
