"""Training files of TRL: what a check takes from them, and what is found in them. What the real TRL makes of the same
is compared in tests/trainers/test_trl_file.py.
"""

import json
from pathlib import Path

import datasets
import pytest

from tests.conftest import findings_of, say
from validator.catalog.registry import load_registry
from validator.engine.run_files.finished import FinishedRun
from validator.rules.registry import choose_rules, later_rules
from validator.settings import Settings
from validator.training.config import load_config
from validator.training.trl_config import TrlCase, load_trl, make_trl, trl_settings

RULES = later_rules("CF", Settings(dataset_info="x.json", trainer="trl"))
TALK = say("a", "b")
SEEN = {**TALK, "images": ["a.png"]}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with data, in which training is started; its training file lies in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for folder in ("talk", "seen", "conf"):
        (tmp_path / folder).mkdir()
    for name, row in {"talk/train.jsonl": TALK, "talk/test.jsonl": TALK, "seen/a.jsonl": SEEN}.items():
        (tmp_path / name).write_text(json.dumps(row))
    return tmp_path


def read(text):
    Path("conf/sft.yaml").write_text(text)
    return load_trl(Path("conf/sft.yaml"))


PLAIN = {
    "dataset_info": "conf/sft.yaml",
    "datasets": ("talk",),
    "trainer": "trl",
    "media_dir": ".",
    "cutoff_len": 1024,
    "image_min_pixels": 3136,
    "image_max_pixels": 12845056,
    "assistant_only_loss": None,
    "completion_only_loss": None,
    "processor": None,
}
NAMED = "dataset_name: talk\n"


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (NAMED, {}),
        (f"{NAMED}max_length: 4096\n", {"cutoff_len": 4096}),
        (f"{NAMED}max_length: '4096'\n", {"cutoff_len": 4096}),
        (f"{NAMED}max_length: null\n", {"cutoff_len": 2**31}),
        (f"{NAMED}max_length: none\n", {"cutoff_len": 2**31}),
        (f"{NAMED}max_length: -1\n", {"cutoff_len": None}),
        (f"{NAMED}assistant_only_loss: 'yes'\n", {"assistant_only_loss": True}),
        (f"{NAMED}assistant_only_loss: 'no'\n", {}),
        (f"{NAMED}completion_only_loss: false\n", {"completion_only_loss": False}),
        (f"{NAMED}model_name_or_path: Qwen/Qwen2.5-VL-7B-Instruct\n", {"processor": "qwen2.5-vl"}),
        (
            f"{NAMED}model_name_or_path: Qwen/Qwen3-VL-4B-Instruct\n",
            {"processor": "qwen3-vl", "image_min_pixels": 65536, "image_max_pixels": 16777216},
        ),
        ("datasets:\n- path: talk\n- path: seen\n- path: talk\n", {"datasets": ("talk", "seen", "talk (2)")}),
    ],
)
def test_what_a_check_takes(text, more, here):
    assert trl_settings(read(text)) == PLAIN | more


def entries(text):
    read(text)
    registry = load_registry(Path("conf/sft.yaml"))
    faults = {fault.name: fault.reason for fault in registry.faults}
    assert registry.joins
    return {entry.name: entry.unread or (entry.source, entry.files, entry.split) for entry in registry.entries} | faults


TRAIN = ("file", ("../talk/train.jsonl",), "train")
DATA = {
    "a folder, whose splits are known by names": (NAMED, {"talk": TRAIN}),
    "its other split": (f"{NAMED}dataset_train_split: test\n", {"talk": ("file", ("../talk/test.jsonl",), "train")}),
    "a split that is not there": (
        "dataset_name: talk\ndataset_train_split: dev\n",
        {"talk": "KeyError: 'dev'. Should be one of ['test', 'train']."},
    ),
    "a slice": ("datasets: [{path: talk, split: 'train[:10%]'}]\n", {"talk": (*TRAIN[:2], "train[:10%]")}),
    "two slices": (
        "datasets: [{path: talk, split: train+test}]\n",
        {"talk": "the split train+test, which joins others, is not reproduced"},
    ),
    "a file of a builder": (
        "datasets: [{path: json, data_files: talk/test.jsonl}]\n",
        {"test": ("file", ("../talk/test.jsonl",), "train")},
    ),
    "a file without a builder": (
        "dataset_name: talk/train.jsonl\n",
        {
            "train": "talk/train.jsonl is a file, which TRL looks for on the hub; write `datasets:` with `- path: "
            "json` and `data_files: talk/train.jsonl` in place of `dataset_name`"
        },
    ),
    "a file that is not there": (
        "datasets: [{path: json, data_files: gone.jsonl}]\n",
        {"gone": "FileNotFoundError: Unable to find '{here}/gone.jsonl'"},
    ),
    "a path that is not there": (
        "dataset_name: a/b/c\n",
        {"c": "FileNotFoundError: Couldn't find any data file at a/b/c."},
    ),
    "the hub's": ("dataset_name: user/mix\n", {"mix": ("hub", None, "train")}),
    "files of the hub's": (
        "datasets: [{path: user/mix, data_files: a.jsonl, split: 'train[:5]'}]\n",
        {"mix": ("hub", ("a.jsonl",), "train[:5]")},
    ),
    "an address": (
        "datasets: [{path: json, data_files: 'https://a/b.jsonl'}]\n",
        {"b": "data that are named by an address are not read"},
    ),
    "pickles": (
        "datasets: [{path: pandas, data_files: a.pkl}]\n",
        {"pandas": "data of the builder pandas are not read"},
    ),
    "an unknown key": (
        "datasets: [{path: talk, splits: x}]\n",
        {"talk": "TypeError: DatasetConfig.__init__() got an unexpected keyword argument 'splits'"},
    ),
    "no columns": (
        "datasets: [{path: talk, columns: 5}]\n",
        {"talk": "`columns` must be a list of names, got 5"},
    ),
    "a name that is none": (
        "dataset_name: {a: 1}\n",
        {"{'a': 1}": "`dataset_name` must be a text, got {'a': 1}"},
    ),
    "no list": (
        "datasets: {path: talk}\ndataset_name: talk\n",
        {"datasets": "`datasets` must be a list of mappings, each with `path`"},
    ),
    "nothing": ("dataset_name: null\n", {"None": "`dataset_name` must be a text, got None"}),
}


@pytest.mark.parametrize("case", DATA)
def test_the_data_that_a_file_names(case, here):
    text, expected = DATA[case]
    put = {
        name: item.replace("{here}", str(here)) if isinstance(item, str) else item for name, item in expected.items()
    }
    assert entries(text) == put


def test_a_card_that_names_addresses_is_not_followed(here):
    card = "---\nconfigs:\n- config_name: default\n  data_files:\n  - https://example.org/a.jsonl\n---\n"
    (here / "talk" / "README.md").write_text(card)
    assert entries(NAMED) == {"talk": "its card names files by an address, which are not fetched"}


def test_pictures_are_not_taken_for_rows(here):
    (here / "seen" / "a.jsonl").unlink()
    (here / "seen" / "a.png").write_bytes(b"")
    assert entries("dataset_name: seen\n") == {"seen": "`datasets` takes it for imagefolder, which is not reproduced"}


def test_files_that_are_not_there_are_no_data(here):
    """As `load_dataset` of datasets 5.2 stops."""
    text = "datasets:\n  - path: json\n    data_files: nope*.jsonl\n"
    assert entries(text) == {"nope*": "StopIteration: no file is there by the name of nope*.jsonl"}


def test_a_file_that_a_builder_is_not_for(here):
    text = "datasets: [{path: json, data_files: seen/a.png}]\n"
    (here / "seen" / "a.png").write_bytes(b"")
    assert entries(text) == {"a.png": "`datasets` takes ../seen/a.png for json, which is not reproduced"}


FOUND = {
    "nothing": ({}, True, []),
    "a usual file": (
        {
            "model_name_or_path": "Qwen/Qwen2.5-VL-7B-Instruct",
            "dtype": "bfloat16",
            "attn_implementation": "flash_attention_2",
            "dataset_config": None,
            "learning_rate": "2e-5",
            "lr_scheduler_type": "cosine",
            "warmup_steps": 0.1,
            "num_train_epochs": 1,
            "per_device_train_batch_size": 2,
            "gradient_checkpointing": True,
            "gradient_checkpointing_kwargs": {"use_reentrant": False},
            "use_peft": True,
            "lora_target_modules": "all-linear",
            "lora_r": 16,
            "bf16": True,
            "max_length": None,
            "logging_steps": 10,
            "eval_strategy": "no",
            "report_to": ["wandb"],
            "output_dir": "out",
            "deepspeed": "zero2.json",
            "max_steps": -1,
            "assistant_only_loss": True,
            "env": {"TOKENIZERS_PARALLELISM": "false"},
            "num_processes": 8,
        },
        True,
        [],
    ),
    "the key of earlier releases": ({"max_seq_length": 5}, True, ["CF042: Did you mean `max_length`?"]),
    "a hyphen": ({"max-length": 5}, True, ["CF042: Did you mean `max_length`?"]),
    "a key of the launcher": ({"num_processes": 2, "accelerate_config": "zero2", "env": {"A": 1}}, True, []),
    "a switch of the launcher": (
        {"multi_gpu": True},
        True,
        ["CF043: Remove it here, and give --multi_gpu on the command line."],
    ),
    "no number": ({"max_length": "1e3"}, True, ["CF043: Correct the value. Its default is 1024."]),
    "no": ({"eval_strategy": False}, True, ['CF043: Write eval_strategy: "no", in quotes: YAML reads no as false.']),
    "packed pictures": ({"packing": True}, True, ["CF044: Remove `packing`."]),
    "packed text": ({"packing": True}, False, []),
    "packed data that were not read": ({"packing": True}, None, []),
    "pictures cut at their beginning": (
        {"truncation_mode": "keep_end"},
        True,
        ["CF044: Remove `truncation_mode`, or write max_length: null."],
    ),
    "text cut at its beginning": ({"truncation_mode": "keep_end"}, False, ["CF045"]),
    "no padding": ({"padding_free": True}, False, ["CF044: Add packing: true, or write max_length: null."]),
    "no padding of packs": ({"padding_free": True, "packing": True}, False, []),
    "split packs": ({"packing": True, "packing_strategy": "wrapped"}, False, ["CF045"]),
    "another template": ({"chat_template_path": "a.jinja"}, True, ["CF045"]),
    "a stream": ({"dataset_streaming": True}, True, ["CF045"]),
    "a length below 1": ({"max_length": 0}, True, ["CF045"]),
    "a number for a switch": ({"packing": 3}, False, ["CF046: Write true or false."]),
    "a strategy without packing": ({"packing_strategy": "bfd"}, True, ["CF046: Add packing: true, or remove it."]),
    "one dataset beside several": (
        {"datasets": [{"path": "a"}], "dataset_name": "b"},
        True,
        ["CF046: Remove one of the two."],
    ),
    "shares": ({"datasets": [{"path": "a", "fraction": 0.5}]}, True, ["CF045"]),
    "some shares": (
        {"datasets": [{"path": "a", "fraction": 0.5}, {"path": "b"}]},
        True,
        ["CF044: Give each of `datasets` a fraction, or none.", "CF045"],
    ),
    "a mixture by another name": (
        {"datasets": [{"path": "a"}], "dataset_train_split": "dev"},
        True,
        ["CF044: Remove `dataset_train_split`; name the split of each part."],
    ),
}


def test_every_rule_on_training_files_of_trl_is_tested_here():
    here = {line[:5] for _, _, lines in FOUND.values() for line in lines}
    assert here == {rule.code for rule in RULES}


@pytest.mark.parametrize("case", FOUND)
def test_what_is_found_in_a_file(case):
    given, pictured, expected = FOUND[case]
    config = make_trl({"dataset_name": "a"} | given if "datasets" not in given else given)
    found = [(rule.code, hit.help) for rule in RULES for hit in rule.own_file(TrlCase(config, pictured))]
    differ = "The findings about the data may differ from what TRL does."
    assert [code if said == differ else f"{code}: {said}" for code, said in found] == expected


def test_parts_share_their_columns(here, mmvalidate):
    """Text beside pictures is fed as they are: with null for its images."""
    read("datasets:\n- path: talk\n- path: seen\npacking: true\n")
    done = mmvalidate("conf/sft.yaml", "--run-dir", "run")
    found = {(finding["code"], finding["dataset"]) for finding in findings_of(here / "run")}
    assert done.returncode == 1
    assert ("CF044", "sft.yaml") in found and not {code for code, _ in found} & {"DI001", "DI031", "DI033"}


def test_the_hubs_part_of_a_mixture_is_fetched_and_joined(here, mmvalidate, monkeypatch):
    asked = []

    def load_dataset(*place, **given):
        asked.append((place, given))
        return datasets.Dataset.from_list([TALK, TALK])

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    read("datasets:\n- path: user/mix\n  name: en\n  data_files: a.jsonl\n  split: train[:2]\n- path: seen\n")
    mmvalidate("conf/sft.yaml", "--run-dir", "run")
    given = {"data_dir": None, "split": "train[:2]", "data_files": ["a.jsonl"]}
    assert asked == [(("user/mix", "en"), given)]
    summary = json.loads((here / "run" / "summary.json").read_text())
    assert summary["rows"]["total"] == 3
    joined = {facts.name: list(facts.entry.joined) for facts in FinishedRun(here / "run").catalog().entries}
    assert joined == {"mix": ["images"], "seen": []}


OTHER = {"messages": [{**message, "name": "x"} for message in TALK["messages"]]}


@pytest.mark.parametrize(
    ("row", "columns", "expected"),
    [
        (OTHER, None, {("DI031", "seen", "error")}),
        ({**TALK, "images": [3]}, None, {("DI031", "seen", "error")}),
        ({**TALK, "images": []}, None, set()),
        ({**TALK, "images": [3]}, "[messages]", {("DI033", "other", "warning")}),
        (TALK, "[messages, images]", {("DI033", "other", "error")}),
    ],
)
def test_parts_that_do_not_go_together(row, columns, expected, here, mmvalidate):
    (here / "other").mkdir()
    (here / "other" / "a.jsonl").write_text(json.dumps(row))
    read(f"datasets:\n- path: other\n  columns: {columns or 'null'}\n- path: seen\n")
    mmvalidate("conf/sft.yaml", "--run-dir", "run")
    found = list(findings_of(here / "run"))
    assert {
        (item["code"], item["dataset"], item["severity"]) for item in found if item["code"] in ("DI031", "DI033")
    } == expected


@pytest.mark.parametrize("trainer", ["trl", "llamafactory"])
def test_rules_that_a_training_file_brings_are_told_by_the_trainer(trainer):
    _, left_out = choose_rules(Settings(dataset_info="x.json", trainer=trainer))
    reasons = {rule.code: reason for rule, reason in left_out if rule.family == "CF"}
    of_trl = {rule.code for rule in RULES}
    of_others = {rule.code for rule in later_rules("CF") if rule.own_file is not None}
    brought = {code for code, reason in reasons.items() if reason == "needs --train-config"}
    assert brought == (of_trl if trainer == "trl" else reasons.keys() - of_others)


def test_what_reads_llamafactorys_files_alone_says_so(here):
    read(NAMED)
    with pytest.raises(ValueError, match=r"sft\.yaml is a training file of TRL: `mmvalidate conf/sft\.yaml` checks it"):
        load_config(Path("conf/sft.yaml"))


def test_no_copy_is_made_of_a_training_file(here, mmvalidate):
    read(NAMED)
    mmvalidate("conf/sft.yaml", "--run-dir", "run")
    done = mmvalidate("export", "run", "--to", "out")
    assert done.returncode == 2 and "conf/sft.yaml is a training file, of which no copy is made" in done.stderr


def test_another_trainer_is_refused(here, mmvalidate):
    read(NAMED)
    done = mmvalidate("conf/sft.yaml", "--trainer", "unsloth")
    assert (done.returncode, done.stderr) == (
        2,
        "mmvalidate: conf/sft.yaml is a training file of trl: check it with --trainer trl.\n",
    )


def test_a_file_that_names_a_dataset_is_llama_factorys(tmp_path):
    (tmp_path / "train.yaml").write_text(f"{NAMED}dataset: demo\npacking: true\n")
    assert load_config(tmp_path / "train.yaml").unknown == ("dataset_name",)
