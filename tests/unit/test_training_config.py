"""Training files: read as OmegaConf reads them, with LLaMA-Factory's own keys, defaults and refusals."""

import json

import numpy as np
import pytest

from tests.conftest import TAGS, check, say
from tests.environments import ORACLE, VOCABULARY, needs_oracle
from tests.judges import ask
from validator.auditing.case import training_case
from validator.auditing.data import data_facts
from validator.engine.run_files.finished import FinishedRun
from validator.training.arguments import known_arguments
from validator.training.config import check_settings, load_config, make_config
from validator.training.order import split
from validator.training.read import read_mapping
from validator.training.refused import refusals
from validator.training.versions import Versions

VALUES = """\
rate: 1e-4
small: 1.5e3
whole: 12_000
hex: 0x1F
octal: 010
switch: yes
date: 2025-03-18
sexagesimal: 1:30
quoted: "1e-4"
nothing: ~
list: [a, 1.0]
interpolated: ${oc.env:HOME}
"""
READ = {
    "rate": 1e-4,
    "small": 1500.0,
    "whole": 12000,
    "hex": 31,
    "octal": 8,
    "switch": True,
    "date": "2025-03-18",
    "sexagesimal": 90,
    "quoted": "1e-4",
    "nothing": None,
    "list": ["a", 1.0],
    "interpolated": "${oc.env:HOME}",
}
SOUND = {"model_name_or_path": "m", "dataset": "d", "do_train": True, "output_dir": "o", "use_cpu": True}
REFUSED = [
    {"model_name_or_path": None},
    {"dataset": None},
    {"val_size": 0.1, "eval_dataset": "e"},
    {"do_eval": True},
    {"interleave_probs": "1.0"},
    {"streaming": True, "max_steps": 10, "val_size": 0.5},
    {"streaming": True, "max_steps": 10, "max_samples": 3},
    {"streaming": True},
    {"mask_history": True, "train_on_prompt": True},
    {"image_max_pixels": 10},
    {"video_max_pixels": 10},
    {"stage": "pt", "neat_packing": True},
    {"finetuning_type": "full", "adapter_name_or_path": "a"},
    {"finetuning_type": "full", "quantization_bit": 4},
    {"fp16": True, "bf16": True},
    {"seed": -1},
    {"seed": 2**32},
]


def refused(given):
    """The trainer's words."""
    return [refusal.words for refusal in refusals(training_case(make_config(given), Versions({})))]


def read(text, path):
    path.write_text(text, encoding="utf-8")
    return read_mapping(path, "training file")


def test_values_are_omegaconfs(tmp_path):
    assert read(VALUES, tmp_path / "train.yaml") == READ


@needs_oracle
def test_the_trainer_agrees():
    """Keys and defaults, OmegaConf's values, refusals in its words, and the split for validation: in one process."""
    splits = [(50, 0.1, 42), (7, 0.5, 0), (1000, 13, 7)]
    given = {
        "yaml": VALUES,
        "refused": [{**SOUND, **changes} for changes in REFUSED] + [SOUND],
        "splits": splits,
    }
    answer = ask(ORACLE, "tests.oracle.judge_arguments", "arguments", given=given)
    ours = {
        name: {
            "types": list(item.types),
            **({"choices": list(item.choices)} if item.choices else {}),
            "default": item.default,
        }
        for name, item in known_arguments().items()
    }
    assert answer["table"] == ours
    assert answer["values"] == READ
    for changes, said in zip(REFUSED, answer["said"], strict=False):
        reasons = refused({**SOUND, **changes})
        assert said is not None and any(reason in said for reason in reasons), (changes, said, reasons)
    assert answer["said"][-1] is None and not refused(SOUND)
    drawn = [part for number, validation, seed in splits for part in split(number, validation, seed)]
    assert answer["rows"] == [part.tolist() for part in drawn]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.yaml", "a: 1\na: 2", "found duplicate key a"),
        ("a.yaml", "- a", "contains no keys with values"),
        ("a.yaml", "a: [", "cannot be parsed"),
        ("a.json", "{'a': 1}", "cannot be parsed"),
        ("a.yaml", "#" * (1 << 20) + "\na: 1", "more than 256 KiB"),
        ("a.yaml", "!!python/object/apply:os.system ['true']", "cannot be parsed"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(name, text, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        read(text, tmp_path / name)


def test_json_is_read_too(tmp_path):
    (tmp_path / "train.json").write_text('{"dataset": "a, b", "cutoff_len": 4096, "packing": true}')
    config = load_config(tmp_path / "train.json")
    settings = check_settings(config)
    assert settings["datasets"] == ("a", "b")
    assert settings["cutoff_len"] == 4095, "the trainer keeps one token back where it packs"
    assert settings["image_max_pixels"] == 589824, "the trainer's own default, not ours"


def test_values_of_the_wrong_type_are_what_the_trainer_makes_of_them():
    given = {"cutoff_len": "8k", "neat_packing": "false", "packing": 0, "dataset": "a", "learning_rate": 1}
    config = make_config(given | {"per_device_train_batch_size": True, "eval_num_beams": "text"})
    assert config.refused["cutoff_len"][:2] == ("model", "TypeError")
    assert config.loose == ("neat_packing", "packing", "per_device_train_batch_size", "eval_num_beams")
    assert (config["cutoff_len"], config["neat_packing"], config["packing"]) == (2048, True, False)
    assert (config["learning_rate"], config["per_device_train_batch_size"], config["eval_num_beams"]) == (1, 1, None)


def test_a_value_only_matters_where_something_looks_at_it():
    assert "lora_rank" in make_config({"lora_rank": "8"}).refused
    assert make_config({"lora_rank": "8", "finetuning_type": "full"}).loose == ("lora_rank",)


def test_a_number_is_judged_beside_others():
    assert refused({**SOUND, "logging_steps": 0}) and not refused(
        {**SOUND, "logging_steps": 0, "logging_strategy": "epoch"}
    )
    stopping = {"early_stopping_steps": 0, "eval_strategy": "steps", "val_size": 0.5}
    assert refused({**SOUND, **stopping}) and not refused({**SOUND, **stopping, "metric_for_best_model": "loss"})
    assert len(refused({**SOUND, "dataset": None})) == 1, "one cause, one finding"
    assert refused({**SOUND, "dataloader_prefetch_factor": 0, "dataloader_num_workers": 1})
    assert refused({**SOUND, "quantization_bit": 3}) and not refused({**SOUND, "quantization_bit": 4})
    assert refused({**SOUND, "image_max_pixels": 0, "image_min_pixels": 0})


def test_lists_stand_where_the_trainer_splits_text():
    """Elsewhere it calls `split` on them: AttributeError."""
    lists = {"dataset": ["a", "b"], "interleave_probs": [0.5, 0.5], "lora_target": ["q_proj"], "report_to": ["none"]}
    config = make_config(lists)
    assert (config.loose, config.refused) == ((), {})
    assert make_config({"adapter_name_or_path": ["a"]}).refused["adapter_name_or_path"][1] == "AttributeError"


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("cutoff_len: 010", {"cutoff_len": "010"}),
        ("cutoff_len: 1:30", {"cutoff_len": "1:30"}),
        ("cutoff_len: 0", {}),
        ("cutoff_len: 2_048", {}),
        ("cutoff_len: 0x800", {}),
        ("cutoff_len: '010'", {}),
        ("cutoff_len: 0800", {}),  # text to YAML 1.1, which the trainer refuses
        ("learning_rate: 0.00001", {}),
    ],
)
def test_numbers_that_yaml_reads_as_others(text, odd, tmp_path):
    path = tmp_path / "train.yaml"
    path.write_text(text)
    assert dict(load_config(path).odd) == odd


def test_shares_of_validation():
    train, held = split(10, 0.25, 1)
    assert (len(train), len(held)) == (7, 3)
    assert sorted(np.concatenate([train, held]).tolist()) == list(range(10))


@needs_oracle
def test_rows_are_held_in_the_trainers_order(tmp_path):
    """Two entries in the order named, `max_samples`, `split`, `val_size` and dropped rows, against get_dataset."""
    registry = {}
    for name, number in (("a", 40), ("b", 25)):
        rows = [say(f"{name} " * (place % 13 + 1), "yes " * (place % 7 + 1)) for place in range(number)]
        rows[3] = say("dropped: no answer")
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        registry[name] = {
            "file_name": f"{name}.jsonl",
            "formatting": "sharegpt",
            "columns": {"messages": "messages"},
            "tags": TAGS,
            "split": "train[2:]",
        }
    (tmp_path / "dataset_info.json").write_text(json.dumps(registry))
    check(tmp_path / "dataset_info.json", tmp_path / "run", cutoff_len=64)
    config = make_config({"dataset": "b,a", "max_samples": 30, "val_size": 0.2, "seed": 7, "do_train": True})
    facts = data_facts(FinishedRun(tmp_path / "run"), config)
    ours = list(zip(facts.tokens.tolist(), facts.labels.tolist(), strict=True))
    given = {"folder": str(tmp_path), "vocabulary": str(VOCABULARY)}
    theirs = ask(ORACLE, "tests.oracle.judge_arguments", "order", given=given)
    assert facts.kept_order is None
    assert ours == [tuple(row) for row in theirs] and len(ours) + facts.dropped == 42
    assert len(set(ours)) > 20, "rows can be told apart"
