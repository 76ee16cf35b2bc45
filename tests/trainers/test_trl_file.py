"""Training files of `trl sft --config`, put to TRL's parser and script and to ours."""

import json

import pytest
from PIL import Image

from tests.conftest import findings_of, say
from tests.environments import needs_trainer
from tests.trainers.compare import ask
from validator.training.trl_arguments import trl_arguments
from validator.training.trl_config import make_trl

VALUES = (
    "abc",
    "'12'",
    "12",
    "12.5",
    "-1",
    "none",
    "null",
    "[3]",
    "{a: 1}",
    "yes",
    "'no'",
    "maybe",
    "1e3",
    "1e-4",
    "''",
)
OF_NUMBERS = ("max_length", "learning_rate", "per_device_train_batch_size", "max_grad_norm", "seed")
OF_SWITCHES = ("packing", "assistant_only_loss", "completion_only_loss", "padding_free", "use_peft")
OF_WORDS = ("eval_strategy", "optim", "lr_scheduler_type", "save_strategy", "truncation_mode", "dtype", "loss_type")


def parser_texts():
    """One key a text."""
    keys = (*OF_NUMBERS, *OF_SWITCHES, *OF_WORDS, "dataset_name", "datasets", "env", "model_name_or_path")
    texts = [f"{key}: {value}\n" for key in keys for value in VALUES]
    words = ["eval_strategy: no\n", "eval_strategy: 'no'\n", "optim: adamw_torch\n", "lr_scheduler_type: cosine\n"]
    unknown = ["max_seq_length: 3\n", "max-length: 3\n", "num_processes: 2\n", "mixed_precision: bf16\n", "a: b\n"]
    return [*texts, *words, *unknown, "multi_gpu: true\n", "config: x\n", "env: {A: 1}\n"]


@needs_trainer("hf")
def test_keys_and_values_are_taken_as_the_parser_takes_them(tmp_path):
    import yaml

    texts = parser_texts()
    answers = ask("hf", "judge_trl_file", {"texts": texts, "whole": False}, tmp_path)
    differing = []
    for text in texts:
        theirs, given = answers[text], yaml.safe_load(text)
        (key,) = given
        mine = make_trl(given)
        if bool(mine.refused) != (theirs["parser"] is not None):
            differing.append((text, mine.refused, theirs["parser"]))
        elif key in theirs.get("values", {}) and key in trl_arguments() and mine[key] != theirs["values"][key]:
            differing.append((text, mine[key], theirs["values"][key]))
        stops = "unrecognized arguments" in theirs.get("launcher", "")
        if theirs["parser"] is None and bool(mine.unknown) != stops:
            differing.append((text, mine.unknown, theirs["launcher"]))
    assert differing == []
    assert answers["multi_gpu: true\n"]["launcher"] == "True"  # the script to start


TALK, LONG = say("What?", "That."), say("Where? " * 30, "There. " * 40)
PAIR = {"prompt": TALK["messages"][:1], "completion": TALK["messages"][1:]}
SEEN = {**say("See?", "Blue."), "images": ["a.png"]}
FILES = {
    "talk/a.jsonl": [TALK, LONG],
    "talk/b.jsonl": [TALK],
    "seen.jsonl": [SEEN, {**TALK, "images": []}, SEEN],
    "pairs.jsonl": [PAIR],
    "split/train-0.jsonl": [TALK, TALK],
    "split/test-0.jsonl": [LONG],
    "test/test.jsonl": [TALK],
    "numbers.jsonl": [{**TALK, "images": [1]}],
    "more.jsonl": [{**LONG, "source": "b", "images": ["a.png"]}],
}


def write_files(folder):
    Image.new("RGB", (300, 200), "navy").save(folder / "a.png")
    for name, rows in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("\n".join(map(json.dumps, rows)))
    card = "---\nconfigs:\n- config_name: one\n  data_files: a.jsonl\n- config_name: two\n  data_files: b.jsonl\n---\n"
    (folder / "card").mkdir()
    (folder / "card" / "README.md").write_text(card)
    for name in "ab":
        (folder / "card" / f"{name}.jsonl").write_text(json.dumps(TALK))


def mixture(*parts, **keys):
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in {"datasets": list(parts), **keys}.items())


def of_file(name, **keys):
    return {"path": "json", "data_files": name, **keys}


CASES = {
    "a folder": "dataset_name: talk\n",
    "a folder, cut": "dataset_name: talk\nmax_length: 40\n",
    "a folder, answers only": "dataset_name: talk\nassistant_only_loss: true\nmax_length: null\n",
    "a folder with splits": "dataset_name: split\n",
    "its other split": "dataset_name: split\ndataset_train_split: test\n",
    "a split that is not there": "dataset_name: test\n",
    "a slice of one": "dataset_name: talk\ndataset_train_split: train[:1]\n",
    "a configuration": "dataset_name: card\ndataset_config: two\n",
    "no configuration": "dataset_name: card\n",
    "an unknown one": "dataset_name: card\ndataset_config: three\n",
    "a path that is not there": "dataset_name: a/b/c\n",
    "a file": mixture(of_file("talk/a.jsonl")),
    "files": mixture(of_file(["talk/b.jsonl", "talk/a.jsonl"])),
    "files by a pattern": mixture(of_file("talk/*.jsonl")),
    "a file that is not there": mixture(of_file("gone.jsonl")),
    "a slice": mixture(of_file("talk/a.jsonl", split="train[1:]")),
    "a share": mixture({"path": "talk", "split": "train[:50%]"}),
    "another split": mixture({"path": "split", "split": "test"}),
    "an unknown split": mixture({"path": "talk", "split": "dev"}),
    "an unknown key": mixture({"path": "talk", "splits": "train"}),
    "no path": mixture({"name": "talk"}),
    "a text": mixture("talk"),
    "pictures": mixture(of_file("seen.jsonl")),
    "pictures, packed": mixture(of_file("seen.jsonl"), packing=True),
    "pictures without padding": mixture(of_file("seen.jsonl"), padding_free=True),
    "pictures, cut at the beginning": mixture(of_file("seen.jsonl"), truncation_mode="keep_end"),
    "pictures, never cut at the beginning": mixture(of_file("seen.jsonl"), truncation_mode="keep_end", max_length=None),
    "pictures left out": mixture(of_file("seen.jsonl", columns=["messages"])),
    "a column that is not there": mixture(of_file("seen.jsonl", columns=["messages", "image"])),
    "talk and pictures": mixture({"path": "talk"}, of_file("seen.jsonl")),
    "pictures and talk": mixture(of_file("seen.jsonl"), of_file("more.jsonl"), {"path": "talk"}),
    "columns that do not go together": mixture(of_file("seen.jsonl"), of_file("numbers.jsonl")),
    "one of two, of other columns": mixture(of_file("numbers.jsonl", columns=["messages"]), of_file("seen.jsonl")),
    "talk and pairs": mixture({"path": "talk"}, of_file("pairs.jsonl")),
    "a mixture by another name": mixture({"path": "talk"}, dataset_train_split="dev"),
    "evaluated without a split": mixture({"path": "talk"}, eval_strategy="epoch"),
    "some shares": mixture({"path": "talk", "fraction": 0.5}, of_file("pairs.jsonl")),
    "text without padding": "dataset_name: talk\npadding_free: true\n",
    "text, packed": "dataset_name: talk\npacking: true\n",
    "text, packed without end": "dataset_name: talk\npacking: true\nmax_length: null\n",
    "text, packed by nothing": "dataset_name: talk\npacking: true\npacking_strategy: best\n",
    "text, cut in the middle": "dataset_name: talk\ntruncation_mode: middle\n",
    "another loss": "dataset_name: talk\nloss_type: mse\n",
}
STOPPING = {"DI001", "DI031", "DI033", "CF043", "CF044"}
"""Rules that say that TRL stops, before it comes to a row."""


@needs_trainer("hf")
def test_data_and_options_are_read_as_the_script_reads_them(tmp_path, mmvalidate, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    answers = ask("hf", "judge_trl_file", {"texts": list(CASES.values()), "whole": True}, tmp_path)
    differing = []
    for name, text in CASES.items():
        theirs = answers[text]
        stops = theirs["parser"] or theirs["script"] or theirs["trainer"]
        found = ours(text, tmp_path, mmvalidate)
        errors = found["codes"] & STOPPING
        at_a_row = found["outcomes"] & {"stops", "unchecked"}
        if bool(stops) != bool(errors or (stops and at_a_row)):
            differing.append((name, errors, stops))
        elif not stops and "packed" not in name:
            same = [told(answer) for answer in theirs["rows"]]
            if "unchecked" not in found["outcomes"] and sorted(found["rows"]) != sorted(same):
                differing.append((name, found["rows"], same))
    assert differing == []


def told(answer):
    counts = ("len", "labels", "image_tokens")
    return (answer["status"], *(answer.get(key, 0) if answer["status"] == "ok" else 0 for key in counts))


def ours(text, folder, mmvalidate):
    import pyarrow.parquet as pq

    (folder / "sft.yaml").write_text(text)
    done = mmvalidate("sft.yaml", "--run-dir", "run", "--no-resume", "--quiet")
    assert done.returncode in (0, 1, 3, 5), done.stderr
    samples = pq.read_table(folder / "run" / "samples.parquet").to_pylist()
    rows = [
        ("dropped" if row["outcome"] == "dropped" else "ok" if row["num_tokens"] else "error",
         *(row[key] or 0 for key in ("num_tokens", "num_label_tokens", "num_image_tokens")))
        for row in samples
        if row["status"] != "not_loaded"
    ]  # fmt: skip
    return {
        "codes": {finding["code"] for finding in findings_of(folder / "run") if finding["severity"] == "error"},
        "rows": rows,
        "outcomes": {row["outcome"] for row in samples},
    }


@pytest.mark.parametrize("name", ["sft.yaml", "sft.yml"])
def test_a_training_file_alone_is_read(name, tmp_path, mmvalidate):
    write_files(tmp_path)
    (tmp_path / name).write_text("dataset_name: talk\nmax_length: 40\n")
    assert "settings: trainer trl, processor qwen2-vl, cutoff_len 40" in mmvalidate(name).stdout
