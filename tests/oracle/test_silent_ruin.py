"""What ruins training in silence: each is a run of the real trainer on a tiny model, and the rule that tells of it."""

import json
import math

import numpy as np
import pytest
import yaml

from tests.environments import ORACLE, needs_oracle
from tests.judges import run_judge
from validator.auditing.case import training_case
from validator.auditing.judge import training_findings
from validator.training.config import make_config
from validator.training.length import most_steps
from validator.training.record import DataFacts
from validator.training.versions import Versions

pytestmark = needs_oracle
FILE = {
    "model_name_or_path": "model",
    "dataset": "rows",
    "dataset_dir": ".",
    "template": "qwen2_vl",
    "do_train": True,
    "finetuning_type": "full",
    "output_dir": "output",
    "report_to": "none",
    "logging_steps": 1,
    "save_strategy": "no",
    "learning_rate": 0.01,
    "per_device_train_batch_size": 2,
    "num_train_epochs": 1,
}
KEPT = {"save_strategy": "steps", "save_steps": 2}
LORA = {"finetuning_type": "lora"}
PICTURES = {"dataset": "pictures", "freeze_vision_tower": False, "freeze_multi_modal_projector": False}
TOKENS = {"dataset": "tokens", "add_special_tokens": "<new>"}
ADAPTER = {**PICTURES, **LORA, "freeze_vision_tower": True, "lora_rank": 2, "lora_target": "q_proj"}
MORE = {
    **PICTURES,
    **LORA,
    "lora_rank": 16,
    "additional_target": "visual.merger",
    "adapter_name_or_path": "output",
    "output_dir": "two",
}
LONG = {"num_train_epochs": 15, "per_device_train_batch_size": 4}


def after(first, **changes):
    """A run, and one that goes on from its checkpoint after some steps."""
    steps = changes.pop("at")
    return [{**KEPT, **first}, {"output_dir": "two", "resume_from_checkpoint": f"output/checkpoint-{steps}", **changes}]


RUNS = {
    "plain": [LONG],
    "smoothing": [{**LONG, "label_smoothing_factor": 0.1}],
    "smoothing under LoRA": [{**LONG, **LORA, "label_smoothing_factor": 0.1}],
    "smoothing, another loss": [{**LONG, "label_smoothing_factor": 0.1, "use_dft_loss": True}],
    "ratio 0.0 over steps": [{"num_train_epochs": 2, "warmup_steps": 5, "warmup_ratio": 0.0}],
    "ratio over steps": [{"num_train_epochs": 2, "warmup_steps": 2, "warmup_ratio": 0.5}],
    "ratio of one": [{"num_train_epochs": 2, "warmup_ratio": 1.0}],
    "max_steps": [{"max_steps": 3, "num_train_epochs": 5}],
    "no step": [{"max_steps": 0}],
    "no epoch": [{"num_train_epochs": 0}],
    "end of another run": after({"num_train_epochs": 3}, at=12),
    "end of the same output": [KEPT, {"dataset": "pictures"}],
    "output written anew": [KEPT, {"dataset": "pictures", "overwrite_output_dir": True}],
    "end within an epoch": after({"num_train_epochs": 3}, at=2, max_steps=1),
    "output without a checkpoint": [{}, {}],
    "other batch": after({}, at=2, num_train_epochs=2, per_device_train_batch_size=4),
    "other rate": after({"max_steps": 2}, at=2, num_train_epochs=2, learning_rate=0.001),
    "only the model": after({"max_steps": 2, "save_only_model": True}, at=2, num_train_epochs=2),
    "long warm-up": [{"num_train_epochs": 2, "warmup_steps": 1000}],
    "LoRA on all": [{**PICTURES, **LORA}],
    "LoRA on names": [{**PICTURES, **LORA, "lora_target": "q_proj,v_proj"}],
    "LoRA and projector": [{**PICTURES, **LORA, "additional_target": "visual.merger"}],
    "adapter": [ADAPTER],
    "adapter gone on with": [ADAPTER, MORE],
    "adapter merged": [ADAPTER, {**MORE, "create_new_adapter": True}],
    "last batch left out": [{"per_device_train_batch_size": 3, "dataloader_drop_last": True, "num_train_epochs": 3}],
    "new token": [TOKENS],
    "new token under LoRA": [{**TOKENS, **LORA}],
    "new token, projector to save": [{**TOKENS, **LORA, "additional_target": "visual.merger"}],
    "new token, embedding to save": [{**TOKENS, **LORA, "additional_target": "embed_tokens"}],
    "new token, language model frozen": [
        {**TOKENS, "freeze_language_model": True, "freeze_multi_modal_projector": False}
    ],
    "new token, last layer": [{**TOKENS, "finetuning_type": "freeze", "freeze_trainable_layers": 1}],
    "overflow in FP32": [{"model_name_or_path": "overflowing"}],
    "overflow in BF16": [{"model_name_or_path": "overflowing", "bf16": True}],
}


@pytest.fixture(scope="module")
def seen():
    """What the trainer did with every file of RUNS, the last one where there are several."""
    lines = "".join(json.dumps([yaml.safe_dump(FILE | given) for given in files]) + "\n" for files in RUNS.values())
    answers = list(map(json.loads, run_judge(ORACLE, "tests.oracle.train_tiny", text=lines).splitlines()))
    assert not any("error" in first for first, *more in answers if more)
    return {name: answer[-1] for name, answer in zip(RUNS, answers, strict=True)}


def codes(name):
    """The rules of this kind that speak of a file, on 8 rows of text."""
    none, many = np.zeros(8, np.int64), np.full(8, 40)
    facts = DataFacts(np.arange(8), many, many, many, none, none, none)
    given = FILE | RUNS[name][-1] | {"model_name_or_path": "Qwen/Qwen2-VL-2B-Instruct"}
    case = training_case(make_config(given), Versions({"transformers": "5.6.0"}), 1, facts)
    found = [finding.code for finding in training_findings(case)]
    return [code for code in found if "CF029" <= code <= "CF036"]


def test_label_smoothing_teaches_to_repeat(seen):
    assert (seen["plain"]["repeated"], seen["plain"]["predicted"], codes("plain")) == (0.0, 0.98, [])
    for name in ("smoothing", "smoothing under LoRA"):
        assert (seen[name]["repeated"], seen[name]["predicted"], codes(name)) == (1.0, 0.0, ["CF029"])
    other = seen["smoothing, another loss"]
    assert (other["repeated"], other["predicted"], codes("smoothing, another loss")) == (0.0, 0.98, [])


def test_the_ratio_of_the_warm_up_rules(seen):
    reached = {name: seen[name]["rates"].index(0.01) for name in RUNS if name.startswith("ratio")}
    assert reached == {"ratio 0.0 over steps": 0, "ratio over steps": 4, "ratio of one": 1}
    assert [codes(name) for name in reached] == [["CF030"]] * 3


def test_max_steps_rules(seen):
    assert (seen["max_steps"]["steps"], seen["max_steps"]["epoch"], codes("max_steps")) == (3, 0.75, ["CF031"])


def test_runs_that_end_at_once(seen, tmp_path, monkeypatch):
    assert (seen["no step"]["steps"], seen["no step"]["rates"], seen["no step"]["changed"]) == (1, [0.0], [])
    assert (seen["no epoch"]["steps"], seen["no epoch"]["changed"]) == (0, [])
    assert codes("no step") == codes("no epoch") == ["CF032"]
    assert (seen["end of another run"]["steps"], len(seen["end of another run"]["losses"])) == (12, 12)  # its log
    assert (seen["end of the same output"]["steps"], seen["end of the same output"]["losses"][4:]) == (4, [])
    assert (seen["end within an epoch"]["steps"], len(seen["end within an epoch"]["losses"])) == (3, 3)
    assert (seen["output written anew"]["steps"], len(seen["output written anew"]["changed"])) == (4, 1)
    assert "Output directory already exists and is not empty" in seen["output without a checkpoint"]["error"]
    monkeypatch.chdir(tmp_path)
    for steps in (2, 12):
        folder = tmp_path / "output" / f"checkpoint-{steps}"
        folder.mkdir(parents=True)
        (folder / "trainer_state.json").write_text(json.dumps({"global_step": steps, "max_steps": 12}))
    for name in ("end of another run", "end of the same output", "end within an epoch"):
        assert "CF032" in codes(name), name
    assert "CF032" not in codes("output written anew")


def test_a_run_goes_on_with_other_settings(seen):
    assert (seen["other batch"]["steps"], seen["other batch"]["epoch"]) == (4, 2.0)  # 2 of 4, where 3 are left
    assert seen["other rate"]["rates"][:4] == [0.01, 0.005, 0.0, 0.00625]  # not 0.001
    assert seen["only the model"]["rates"][2:4] == [0.01, 0.00875]  # from the beginning again
    assert seen["only the model"]["rates"][-1] == 0.00375


def test_a_long_warm_up(seen):
    assert max(seen["long warm-up"]["rates"]) == pytest.approx(7e-5)
    assert codes("long warm-up") == ["CF034"]
    assert [round(seen[name]["losses"][-1], 2) for name in ("long warm-up", "ratio 0.0 over steps")] == [6.13, 4.28]


def test_parts_that_stay_frozen(seen):
    trained = {name: seen[name]["trained"] for name in RUNS if name.startswith("LoRA")}
    assert trained == {
        "LoRA on all": ["language_model", "vision_tower"],
        "LoRA on names": ["language_model"],
        "LoRA and projector": ["language_model", "projector", "vision_tower"],
    }
    assert [codes(name) for name in trained] == [["CF035"], ["CF035", "CF035"], []]


def test_an_adapter_keeps_what_it_was_made_with(seen, tmp_path, monkeypatch):
    first, same, anew = (seen[name] for name in ("adapter", "adapter gone on with", "adapter merged"))
    assert (first["trained"], same["trained"]) == (["language_model"], ["language_model"])
    assert same["trained_values"] == first["trained_values"] < anew["trained_values"]
    assert anew["trained"] == ["language_model", "projector", "vision_tower"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "output").mkdir()
    made = {"r": 2, "lora_alpha": 4, "target_modules": ["model.language_model.layers.0.self_attn.q_proj"]}
    (tmp_path / "output" / "adapter_config.json").write_text(json.dumps(made))
    assert codes("adapter gone on with") == ["CF035"] * 4  # rank, additional target, vision tower, projector
    assert codes("adapter merged") == []


def test_a_last_batch_that_is_left_out(seen):
    none, many = np.zeros(8, np.int64), np.full(8, 40)
    facts = DataFacts(np.arange(8), many, many, many, none, none, none)
    case = training_case(make_config(FILE | RUNS["last batch left out"][0]), Versions({}), 1, facts)
    assert seen["last batch left out"]["steps"] == most_steps(case) == 6


def test_new_tokens_that_are_never_trained(seen):
    rows = {name: seen[name]["new_rows"] for name in RUNS if name.startswith("new token")}
    both = ["embed_tokens", "lm_head"]
    assert rows == {
        "new token": both,
        "new token under LoRA": both,
        "new token, projector to save": [],
        "new token, embedding to save": ["embed_tokens"],
        "new token, language model frozen": [],
        "new token, last layer": [],
    }
    flagged = [name for name in rows if codes(name) == ["CF036"]]
    assert flagged == [name for name in rows if not rows[name]]  # the head of a 2B is the embedding


def test_values_that_bf16_cannot_hold(seen):
    assert math.isnan(seen["overflow in BF16"]["first_loss"])
    assert seen["overflow in FP32"]["first_loss"] == pytest.approx(6.49, abs=0.1)
