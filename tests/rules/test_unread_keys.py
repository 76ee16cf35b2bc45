"""DI017 in messages: media in keys that no loader of conversations reads."""

import pytest

READING = ("llamafactory", "llamafactory@0.9.1", "hf", "qwen-vl-utils")


def asked(**keys):
    question = {"role": "user", "content": "What is shown here?", **keys}
    return {"messages": [question, {"role": "assistant", "content": "A red house.", **dict.fromkeys(keys)}]}


def told(dataset, trainer, rows, **entry):
    dataset.write(rows, **entry)
    _, findings = dataset.check(trainer=trainer)
    return [(found["evidence"]["column"], found["evidence"]["rows"]) for found in findings if found["code"] == "DI017"]


@pytest.mark.parametrize("trainer", READING)
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"images": ["a.png"]}, "messages[].images"),
        ({"image": "a.jpg"}, "messages[].image"),
        ({"video_path": "clips/a.mp4"}, "messages[].video_path"),
        ({"images": []}, None),
        ({"image": "none"}, None),
        ({"note": "a.png"}, None),
        ({"image_id": 7}, None),
    ],
)
def test_keys_of_messages(dataset, trainer, keys, expected):
    rows = [asked(**keys), asked(**keys)]
    assert told(dataset, trainer, rows) == ([(expected, 2)] if expected else [])


def test_rows_that_are_shown_something(dataset):
    """Beside a medium that is read the key is a copy."""
    shown = asked(image="a.png") | {"images": [dataset.image("a.png")]}
    shown["messages"][0]["content"] = "<image>What?"
    assert told(dataset, "llamafactory", [shown]) == []


def test_what_is_said(dataset):
    dataset.write([asked(images=["a.png"])])
    _, findings = dataset.check()
    (found,) = (found for found in findings if found["code"] == "DI017")
    assert found["message"].startswith("the key `images` of `messages` holds images, but nothing reads it: 1 row")
    assert "trains on text alone" in found["message"] and "Put it into a column of the row" in found["help"]
