"""--trainer: what is refused, and several profiles side by side."""

import json

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import say


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--trainer", "llamafactory@0.9"), "There is no trainer profile llamafactory@0.9. Did you mean"),
        (("--trainer", "ms-swift", "--train-on-prompt"), "has neither mask_history nor train_on_prompt"),
        (("--trainer", "hf", "--strict"), "truncation_strategy and strict are ms-swift's"),
        (("--trainer", "megatron"), "Known: llamafactory, llamafactory@main, "),
        (("--trainer", "hf", "--mask-history"), "has neither mask_history nor train_on_prompt"),
        (("--trainer", "llamafactory@0.9.1", "--default-system", "x"), "has no default_system for training"),
        (("--trainer", "trl", "--train-on-responses-only"), "has no train_on_responses_only"),
        (("--trainer", "all", "--replay", "3"), "--trainer all cannot be combined with --replay"),
        (("--trainer", "ms-swift", "--replay", "3"), "neither --replay nor --exact: images"),
        (("--trainer", "ms-swift", "--exact"), "--exact"),
    ],
)
def test_sentences(dataset, mmvalidate, arguments, sentence):
    dataset.write([say("a", "b")])
    done = mmvalidate(dataset.registry, *arguments)
    assert done.returncode == 2 and sentence in done.stderr and "Traceback" not in done.stderr


def test_the_same_row_fares_differently(dataset, mmvalidate, tmp_path):
    images = [dataset.image("a.png", (56, 56)), dataset.image("long.png", (28, 28 * 201))]
    dataset.write(
        [
            say("<image>x", "b", images=images[:1]),
            say("text", "b", images=None),  # a null column stops the earlier LLaMA-Factory
            say("<image>x", "b", images=images[1:]),  # transformers refuses the shape, LLaMA-Factory squeezes it
            say("only a question", images=[]),  # LLaMA-Factory drops it, TRL learns it
            say("<image>", "b", images=[dataset.image("big.png", (560, 560))]),  # the image is cut
            {"messages": [{"role": "robot", "content": "x"}], "images": []},
        ]
    )
    done = mmvalidate(dataset.registry, "--trainer", "all", "--cutoff-len", 300, "-q", "--output-format", "json")
    assert done.returncode == 1, done.stderr
    names = list(json.loads(done.stdout)["trainers"])
    table = pq.read_table(tmp_path / ".mmvalidate" / dataset.folder.name / "trainers.parquet").to_pylist()
    later = ["llamafactory", "llamafactory@main", "llamafactory@0.9.4", "llamafactory@0.9.3"]
    assert names == [
        *later,
        "llamafactory@0.9.2",
        "llamafactory@0.9.1",
        "trl",
        "qwen-vl-utils",
        "ms-swift",
        "nemo-automodel",
    ]
    assert all(row[later[0]] == row[name] for row in table for name in later)
    assert [tuple(row[name] for name in (names[0], *names[4:])) for row in table] == [
        ("whole", "whole", "whole", "whole", "whole", "whole", "whole"),
        ("whole", "stops", "stops", "whole", "whole", "whole", "whole"),
        ("whole", "whole", "whole", "stops", "dropped", "dropped", "dropped"),
        ("dropped", "dropped", "dropped", "whole", "whole", "whole", "whole"),
        ("stops", "stops", "stops", "stops", "stops", "dropped", "dropped"),
        ("dropped", "dropped", "stops", "stops", "whole", "dropped", "whole"),
    ]


def test_data_alone_is_put_to_those_who_read_it(tmp_path, mmvalidate):
    """The same rows, side by side; a registry is no layout of unsloth's."""
    image = {"type": "image", "image": "a.png"}
    Image.new("RGB", (100, 80)).save(tmp_path / "a.png")
    rows = [
        {"messages": [{"role": "user", "content": [image]}, {"role": "assistant", "content": [text]}], "images": []}
        for text in ({"type": "text", "text": "yo"}, {"type": "text", "text": "ya"})
    ]
    rows[1]["messages"][0]["content"] = [{"type": "text", "text": "hi"}]
    (tmp_path / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    done = mmvalidate("data.jsonl", "--trainer", "all", "-q", "--output-format", "json")
    told = json.loads(done.stdout)
    assert list(told["trainers"]) == ["trl", "ms-swift", "unsloth", "llamafactory-v1", "axolotl"]
    assert told["left_out"]["llamafactory"] == "it has no converter for the formatting own"
    of_v1 = told["counts"].pop("llamafactory-v1")
    assert of_v1["stops"] == 2, "blocks have a value there"
    assert told["counts"].pop("axolotl")["stops"] == 2, "an empty list has no first image"
    assert all(counts["whole"] == 2 for counts in told["counts"].values())
    registry = {"data": {"file_name": "data.jsonl", "formatting": "sharegpt"}}
    (tmp_path / "dataset_info.json").write_text(json.dumps(registry))
    done = mmvalidate("dataset_info.json", "--trainer", "all", "-q", "--output-format", "json")
    assert json.loads(done.stdout)["left_out"]["unsloth"] == "it has no converter for the formatting sharegpt"


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [((), 1, "llamafactory-v1"), (("--mask-history",), 2, "no trainer takes this data with these settings")],
)
def test_a_registry_in_yaml_without_a_usable_entry(mmvalidate, tmp_path, options, code, told):
    (tmp_path / "data.yaml").write_text("a: {path: x.json, source: disk}\n")
    done = mmvalidate("data.yaml", "--trainer", "all", *options)
    assert done.returncode == code and told in done.stdout + done.stderr
    assert "internal error" not in done.stderr


def test_profiles_that_do_not_take_a_model_are_left_out(mmvalidate, dataset):
    dataset.write([say("hi", "yo")])
    done = mmvalidate(dataset.registry, "--trainer", "all", "--processor", "qwen3-vl", "-q", "--output-format", "json")
    told = json.loads(done.stdout)
    assert "llamafactory" in told["trainers"]
    assert told["left_out"]["nemo-automodel"] == "--processor qwen3-vl: nemo-automodel with Qwen3-VL is not reproduced"
