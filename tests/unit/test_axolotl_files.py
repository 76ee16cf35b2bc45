"""Configurations of axolotl: what a check takes from them, and what is found in them. What the real axolotl makes of
the same is compared in tests/trainers/test_axolotl_file.py.
"""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import findings_of, say
from validator.catalog.registry import load_registry
from validator.rules.registry import choose_rules, later_rules
from validator.settings import Settings
from validator.training.axolotl_config import AxolotlCase, axolotl_settings, load_axolotl, make_axolotl
from validator.training.config import load_config

RULES = later_rules("CF", Settings(dataset_info="x.json", trainer="axolotl"))
TALK = say("a", "b")
SEEN = {**TALK, "images": ["a.png"]}
PLAIN = """base_model: Qwen/Qwen2.5-VL-7B-Instruct
processor_type: AutoProcessor
skip_prepare_dataset: true
remove_unused_columns: false
sample_packing: false
chat_template: qwen2_vl
"""
TALKS = "datasets:\n- path: talk\n  type: chat_template\n"
DATASETS = [{"path": "a.jsonl", "type": "chat_template"}]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with data, in which training is started; its configuration lies in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for folder in ("talk", "seen", "conf"):
        (tmp_path / folder).mkdir()
    for name, row in {"talk/train.jsonl": TALK, "talk/test.jsonl": TALK, "seen/a.jsonl": SEEN}.items():
        (tmp_path / name).write_text(json.dumps(row))
    return tmp_path


def read(text):
    Path("conf/c.yml").write_text(text)
    return load_axolotl(Path("conf/c.yml"))


TAKEN = {
    "dataset_info": "conf/c.yml",
    "datasets": ("talk",),
    "trainer": "axolotl",
    "media_dir": ".",
    "cutoff_len": None,
    "image_max_pixels": 12845056,
    "processor": "qwen2.5-vl",
    "train_on_prompt": None,
}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", {}),
        ("sequence_len: 4096\n", {"cutoff_len": 4096}),
        ("sequence_len: '4096'\n", {"cutoff_len": 4096}),
        ("sequence_len: -1\n", {}),
        ("train_on_inputs: true\n", {"train_on_prompt": True}),
        ("train_on_inputs: 'no'\n", {}),
        ("processor_kwargs: {max_pixels: 602112}\n", {"image_max_pixels": 602112}),
        ("processor_kwargs: {max_pixels: 99999999}\n", {}),
        ("base_model_config: Qwen/Qwen2-VL-2B\n", {"processor": "qwen2-vl"}),
        (
            "base_model_config: Qwen/Qwen3-VL-4B-Instruct\n",
            {"processor": "qwen3-vl", "image_max_pixels": 16777216},
        ),
    ],
)
def test_what_a_check_takes(more, expected, here):
    found = axolotl_settings(read(PLAIN + TALKS + more))
    if "processor" in expected:
        found["processor"] = {"embedded": "qwen2-vl"}.get(found["processor"], found["processor"])
    assert found == TAKEN | expected


def entries(text):
    read(text)
    registry = load_registry(Path("conf/c.yml"))
    faults = {fault.name: fault.reason for fault in registry.faults}
    assert registry.written_for == "axolotl"
    return {entry.name: entry.unread or (entry.source, entry.files, entry.split) for entry in registry.entries} | faults


TRAIN = ("file", ("../talk/train.jsonl",), "train")
DATA = {
    "a folder": ("{path: talk}", {"talk": TRAIN}),
    "its other split": ("{path: talk, split: test}", {"talk": ("file", ("../talk/test.jsonl",), "train")}),
    "a slice": ("{path: talk, split: 'train[:10%]'}", {"talk": (*TRAIN[:2], "train[:10%]")}),
    "a file": ("{path: talk/test.jsonl}", {"test": ("file", ("../talk/test.jsonl",), "train")}),
    "a file of a folder, named from here": (
        "{path: talk, data_files: talk/test.jsonl}",
        {"talk": ("file", ("../talk/test.jsonl",), "train")},
    ),
    "a file of a folder, named from there": (
        "{path: talk, data_files: test.jsonl}",
        {"talk": "FileNotFoundError: Unable to find '{here}/test.jsonl'"},
    ),
    "two of a name": ("{path: talk}, {path: talk}", {"talk": TRAIN, "talk (2)": TRAIN}),
    "two configurations": (
        "{path: user/mix, name: [a, b]}",
        {"mix": ("hub", None, "train"), "mix (2)": ("hub", None, "train")},
    ),
    "a split that is not there": (
        "{path: talk, split: dev}",
        {"talk": "ValueError: Unknown split \"dev\". Should be one of ['test', 'train']."},
    ),
    "no split for training": (
        "{path: seen/gone}",
        {"gone": ("hub", None, "train")},
    ),
    "the hub's": ("{path: user/mix, split: 'train[:5]'}", {"mix": ("hub", None, "train[:5]")}),
    "a path that is not there": (
        "{path: a/b/c}",
        {"c": "ValueError: The dataset could not be loaded: a/b/c is neither here nor a hub id."},
    ),
    "an address": ("{path: 's3://a/b.jsonl'}", {"b": "data that are named by an address are not read"}),
    "no path": (
        "{type: chat_template}",
        {"None": "it names no data: `path` is missing (axolotl stops with TypeError)"},
    ),
    "a number": ("{path: 3}", {"3": "`path` must be a text, got 3 (axolotl stops with ValidationError)"}),
    "an unknown builder": (
        "{path: talk/test.jsonl, ds_type: jsonl}",
        {"test": "`ds_type: jsonl` is no builder of `datasets`, which looks for it on the hub; write json"},
    ),
    "another prompt": (
        "{path: talk, type: {field_instruction: a}}",
        {"talk": "`type` makes other rows than those of the data, which is not reproduced"},
    ),
    "no mapping": ("talk", {"talk": "`datasets` holds 'talk'; write `- path: ...` (axolotl stops with ValueError)"}),
    "messages of another name": (
        "{path: talk, field_messages: chat}",
        {"talk": "`field_messages: chat` is not reproduced"},
    ),
    "messages of a name that is looked at": ("{path: talk, field_messages: conversations}", {"talk": TRAIN}),
}


@pytest.mark.parametrize("case", DATA)
def test_the_data_that_a_file_names(case, here):
    text, expected = DATA[case]
    put = {
        name: item.replace("{here}", str(here)) if isinstance(item, str) else item for name, item in expected.items()
    }
    assert entries(f"{PLAIN}datasets: [{text}]\n") == put


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("processor_type: null\n", "rows without `processor_type` are prepared as text, which is not reproduced"),
        ("sample_packing: true\n", "rows under `sample_packing: true` are not collated as pictures are"),
        ("chat_template: chatml\n", "`chat_template: chatml` is not reproduced: only qwen2_vl is"),
        ("chat_template: null\n", "no `chat_template` is not reproduced: only qwen2_vl is"),
        ("image_size: 224\n", "`image_size` is not reproduced"),
        ("skip_prepare_dataset: 'no'\n", "rows without `skip_prepare_dataset: true` are prepared as text, which is not "
         "reproduced"),
    ],
)  # fmt: skip
def test_rows_that_another_collator_reads_are_not_read(text, said, here):
    key = text.partition(":")[0]
    plain = "".join(line for line in PLAIN.splitlines(keepends=True) if not line.startswith(f"{key}:"))
    assert entries(plain + text + TALKS) == {"talk": said}


MISSING = "Missing"
FOUND = {
    "nothing": ({}, True, []),
    "a usual file": (
        {
            "adapter": "lora",
            "lora_r": 16,
            "lora_target_modules": ["q_proj"],
            "bf16": "auto",
            "tf32": True,
            "learning_rate": "2e-4",
            "optimizer": "adamw_bnb_8bit",
            "lr_scheduler": "cosine",
            "num_epochs": 1,
            "micro_batch_size": 1,
            "gradient_accumulation_steps": 4,
            "gradient_checkpointing": True,
            "val_set_size": 0.05,
            "sequence_len": 8192,
            "train_on_inputs": False,
            "flash_attention": True,
            "eager_attention": None,
            "warmup_ratio": 0.1,
            "weight_decay": 0.0,
            "output_dir": "./out",
            "dataset_prepared_path": "last_run_prepared",
            "plugins": ["axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin"],
            "processor_kwargs": {"max_pixels": 602112},
        },
        True,
        [],
    ),
    "a mistyped key": ({"sequence_length": 5}, True, ["CF047: Did you mean `sequence_len`?"]),
    "a mistyped key of the data": (
        {"datasets": [{"path": "a", "spilt": "x"}]},
        True,
        ["CF047: Did you mean `datasets[0].split`?"],
    ),
    "a key of the data": (
        {"train_on_eos": "all"},
        True,
        ["CF047: Write `train_on_eos` within the first of `datasets`."],
    ),
    "a processor of another name": (
        {"processor_config": "a/b"},
        True,
        ["CF047: Remove it: the processor is that of `base_model`."],
    ),
    "a key beside plugins": (
        {"plugins": ["mine.Plugin"], "of_mine": 1},
        True,
        ["CF050"],
    ),
    "no number": ({"sequence_len": "1e3"}, True, ["CF048: Write a whole number."]),
    "no switch": ({"train_on_inputs": "maybe"}, True, ["CF048: Write true or false."]),
    "no text": ({"datasets": [{"path": "a", "split": 3}]}, True, ["CF048: Write a text."]),
    "packed rows": ({"sample_packing": True}, True, ["CF049: Write sample_packing: false."]),
    "no processor": ({"processor_type": MISSING}, False, ["CF049: Add processor_type: AutoProcessor."]),
    "rows that are prepared": (
        {"skip_prepare_dataset": MISSING},
        True,
        ["CF049: Write skip_prepare_dataset: true."],
    ),
    "columns that are removed": (
        {"remove_unused_columns": True},
        True,
        ["CF049: Write remove_unused_columns: false."],
    ),
    "columns of which nothing is said": ({"remove_unused_columns": MISSING}, True, []),
    "pictures as text": (
        {"processor_type": MISSING, "skip_prepare_dataset": MISSING},
        True,
        ["CF051: Write processor_type: AutoProcessor, skip_prepare_dataset: true and sample_packing: false."],
    ),
    "packed pictures as text": (
        {"sample_packing": True, "skip_prepare_dataset": False},
        True,
        ["CF051: Write processor_type: AutoProcessor, skip_prepare_dataset: true and sample_packing: false."],
    ),
    "text as text": ({"processor_type": MISSING, "skip_prepare_dataset": MISSING}, False, []),
    "data that were not looked at": ({"processor_type": MISSING, "skip_prepare_dataset": MISSING}, None, []),
    "boundaries": ({"role_boundaries": [{"role": "assistant", "start": "a"}]}, True, ["CF050"]),
    "roles": ({"datasets": [{"path": "a", "roles_to_train": ["user"]}]}, True, ["CF050"]),
    "the usual roles": ({"datasets": [{"path": "a", "roles_to_train": ["assistant"]}]}, True, []),
    "ends": ({"datasets": [{"path": "a", "train_on_eos": "last"}]}, True, ["CF050"]),
    "roles of another than the first": (
        {"datasets": [{"path": "a"}, {"path": "b", "roles_to_train": ["user"]}]},
        True,
        ["CF050: Write it within the first, or train on each alone."],
    ),
    "a share": ({"datasets": [{"path": "a", "shards": 4}]}, True, ["CF050"]),
    "fewer pixels than the least": ({"processor_kwargs": {"max_pixels": 5}}, True, ["CF050"]),
    "sides": ({"processor_kwargs": {"size": {"longest_edge": 99999}}}, True, ["CF050"]),
    "roles where all is learned": (
        {"train_on_inputs": True, "datasets": [{"path": "a", "roles_to_train": ["user"]}]},
        True,
        [],
    ),
    "a stream": ({"streaming": True}, True, ["CF050"]),
}


def test_every_rule_on_configurations_of_axolotl_is_tested_here():
    here = {line[:5] for _, _, lines in FOUND.values() for line in lines}
    assert here == {rule.code for rule in RULES}


@pytest.mark.parametrize("case", FOUND)
def test_what_is_found_in_a_file(case):
    import yaml

    more, pictured, expected = FOUND[case]
    given = yaml.safe_load(PLAIN) | {"datasets": DATASETS} | more
    config = make_axolotl({key: value for key, value in given.items() if value is not MISSING})
    found = [(rule.code, hit.help) for rule in RULES for hit in rule.own_file(AxolotlCase(config, pictured))]
    differ = "The findings about the data may differ from what axolotl does."
    assert [code if said == differ else f"{code}: {said}" for code, said in found] == expected


def codes(folder):
    return {finding["code"] for finding in findings_of(folder / "run")}


@pytest.mark.parametrize("inside", [False, True])
def test_pictures_that_are_trained_as_text_are_seen_though_no_row_is_read(inside, here, mmvalidate):
    part = {"type": "image", "image": "a.png"}
    row = {"messages": [{"role": "user", "content": [part]}, {"role": "assistant", "content": []}]} if inside else SEEN
    (here / "seen" / "a.jsonl").write_text(json.dumps(row))
    read("base_model: Qwen/Qwen2-VL-2B\ndatasets: [{path: seen, type: chat_template}]\n")
    done = mmvalidate("conf/c.yml", "--run-dir", "run")
    assert done.returncode == 3 and codes(here) >= {"CF051", "XX002"}


def test_text_without_a_processor_is_no_fault(here, mmvalidate):
    read(f"base_model: Qwen/Qwen2-VL-2B\n{TALKS}")
    done = mmvalidate("conf/c.yml", "--run-dir", "run")
    assert done.returncode == 3 and codes(here) == {"XX002"}


def test_datasets_that_do_not_go_together(here, mmvalidate):
    (here / "talk" / "train.jsonl").write_text(json.dumps({**TALK, "images": [3]}))
    read(f"{PLAIN}datasets: [{{path: seen}}, {{path: talk}}]\n")
    mmvalidate("conf/c.yml", "--run-dir", "run")
    assert "DI031" in codes(here)


def test_the_length_of_sequences_is_told_of_rows_that_are_fed_whole(here, mmvalidate):
    read(f"{PLAIN}{TALKS}sequence_len: 8\n")
    done = mmvalidate("conf/c.yml", "--run-dir", "run")
    assert "TK016" in codes(here) and "settings: trainer axolotl, processor qwen2.5-vl, cutoff_len 8" in done.stdout


@pytest.mark.parametrize(
    ("on", "whole", "found"), [("true", True, {"LB006"}), ("false", False, {"CV025", "LB001", "LB008"})]
)
def test_what_is_learned_of_questions_and_of_answers_that_are_not_found(on, whole, found, here, mmvalidate):
    odd = {"messages": [*say("a", "\nb")["messages"], {"role": "gpt", "content": ""}]}
    (here / "talk" / "train.jsonl").write_text(json.dumps(odd))
    read(f"{PLAIN}{TALKS}train_on_inputs: {on}\n")
    mmvalidate("conf/c.yml", "--run-dir", "run")
    (row,) = pq.read_table(here / "run" / "samples.parquet").to_pylist()
    assert row["num_label_tokens"] == (row["num_tokens"] if whole else 0)
    assert codes(here) & {"CV025", "LB001", "LB006", "LB008"} == found


@pytest.mark.parametrize("trainer", ["axolotl", "trl"])
def test_rules_that_a_configuration_brings_are_told_by_the_trainer(trainer):
    _, left_out = choose_rules(Settings(dataset_info="x.json", trainer=trainer))
    brought = {rule.code for rule, reason in left_out if rule.family == "CF" and reason == "needs --train-config"}
    of_axolotl = {rule.code for rule in RULES}
    assert brought == of_axolotl if trainer == "axolotl" else not brought & of_axolotl


def test_what_reads_llamafactorys_files_alone_says_so(here):
    read(PLAIN + TALKS)
    with pytest.raises(ValueError, match=r"c\.yml is a training file of axolotl: `mmvalidate conf/c\.yml` checks it"):
        load_config(Path("conf/c.yml"))


def test_another_trainer_is_refused(here, mmvalidate):
    read(PLAIN + TALKS)
    done = mmvalidate("conf/c.yml", "--trainer", "trl")
    assert (done.returncode, done.stderr) == (
        2,
        "mmvalidate: conf/c.yml is a training file of axolotl: check it with --trainer axolotl.\n",
    )
