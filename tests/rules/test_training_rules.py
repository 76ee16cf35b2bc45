"""The CF rules: configurations that they must find, exactly, and configurations that they must leave alone."""

import json
import os

import pytest

from tests.rules import deepspeed_cases, training_cases
from tests.rules.training_runs import (
    LORA,
    NOW,
    SOUND,
    ZERO2,
    codes,
    data,
)
from validator.auditing.case import training_case
from validator.auditing.judge import training_findings
from validator.rules.registry import all_rules
from validator.training.config import make_config
from validator.training.versions import Versions, find_versions

BAD = training_cases.BAD | deepspeed_cases.BAD
FINE = training_cases.FINE | deepspeed_cases.FINE


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_found(name):
    changes, more, expected = BAD[name]
    found = codes(changes, **more)
    if expected != "CF006" and more.get("deepspeed") is None:
        found = [code for code in found if code != "CF006"]
    assert found == expected.split(), name


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_is_not_flagged(name):
    changes, more = FINE[name]
    assert codes(changes, **more) == []


ROTARY = {"rope_type": "default", "mrope_section": [16, 24, 24]}
SAVED = {  # config.json, tokenizer_config.json, files that each version refuses; run with 4.49.0, 4.57.1 and 5.6.0
    "by 5.6.0": (
        {"text_config": {"rope_parameters": ROTARY}},
        {"extra_special_tokens": ["<|im_start|>"]},
        {"4.49.0": ["config.json", "tokenizer_config.json"], "4.57.1": ["config.json", "tokenizer_config.json"]},
    ),
    "by 5.6.0, tokenizer without more tokens": (
        {"text_config": {"rope_parameters": ROTARY}},
        {},
        {"4.49.0": ["config.json"], "4.57.1": ["config.json"], "4.46.1": ["config.json"]},
    ),
    "by 4.57.1": ({"text_config": {"rope_scaling": ROTARY}}, {"extra_special_tokens": {}}, {}),
    "by 4.45": ({"rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]}}, {}, {}),
    "mended": ({"text_config": {"rope_parameters": ROTARY, "rope_scaling": ROTARY}}, {}, {}),
}


@pytest.mark.parametrize("name", SAVED)
def test_a_model_that_newer_transformers_saved(name, tmp_path):
    config, tokenizer, refused = SAVED[name]
    written = {"model_type": "qwen2_vl", "transformers_version": "5.6.0", **config}
    (tmp_path / "config.json").write_text(json.dumps(written))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    given = make_config({**SOUND, "model_name_or_path": str(tmp_path)})
    for version in ("4.46.1", "4.49.0", "4.57.1", "5.0.0", "5.6.0", None):
        known = Versions({} if version is None else {"transformers": version})
        found = [item for item in training_findings(training_case(given, known)) if item.code == "CF040"]
        wanted = refused.get(version, ["config.json"] if version == "4.46.1" and refused else [])
        assert [item.evidence["file"] for item in found] == wanted, version
        assert all("saved by transformers 5.6.0" in item.message for item in found)


def test_preprocessed_data_of_yesterday(tmp_path):
    (tmp_path / "data.arrow").write_text("")
    os.utime(tmp_path / "data.arrow", (1000, 1000))
    given = {**SOUND, "deepspeed": ZERO2, "tokenized_path": str(tmp_path)}
    for newest, words in (((2000.0, "a.png"), "`a.png` has changed since"), ((500.0, "a.png"), "exists: the trainer")):
        case = training_case(make_config(given), Versions(NOW), data=data(newest=newest))
        (said,) = (finding.message for finding in training_findings(case) if finding.code == "CF019")
        assert words in said
    given["tokenized_path"] = str(tmp_path / "none")
    assert "CF019" not in {item.code for item in training_findings(training_case(make_config(given), Versions(NOW)))}


def test_an_adapter_is_gone_on_with(tmp_path):
    made = {
        "r": 8,
        "lora_alpha": 16,
        "target_modules": ["model.visual.blocks.3.attn.qkv"],
        "modules_to_save": ["merger"],
    }
    (tmp_path / "adapter_config.json").write_text(json.dumps(made))
    given = LORA | {"adapter_name_or_path": f"other,{tmp_path}", "lora_rank": 8}
    freed = {"freeze_vision_tower": False, "freeze_multi_modal_projector": False, "additional_target": "visual.merger"}
    assert codes(given, ZERO2) == codes(given | freed, ZERO2) == []
    for wrong in ({"lora_rank": 16}, {"lora_alpha": 32}, {"additional_target": "merger,embed_tokens"}):
        assert codes(given | wrong, ZERO2) == ["CF035"]
        assert codes(given | wrong | {"create_new_adapter": True}, ZERO2) == []
    made |= {"target_modules": "^(?!.*visual).*q_proj", "modules_to_save": None}
    (tmp_path / "adapter_config.json").write_text(json.dumps(made))
    assert codes(given | {"freeze_vision_tower": False}, ZERO2) == []  # a pattern is not read
    for text in ("[", "[]", '{"r": true, "lora_alpha": 1e999, "target_modules": [1], "modules_to_save": "x"}'):
        (tmp_path / "adapter_config.json").write_text(text)
        assert codes(given | {"lora_rank": 16, "lora_alpha": 3}, ZERO2) == []
    assert codes(given | {"lora_rank": 16}, ZERO2) == []


def test_every_cf_rule_is_tested_here():
    here = {code for _, _, expected in BAD.values() for code in expected.split()}
    here |= {"CF008", "CF019", "CF024", "CF033", "CF039", "CF040"}
    assert here == {rule.code for rule in all_rules() if rule.training is not None}


def test_versions_given_and_installed():
    found = find_versions("deepspeed=0.14.4,torch==2.4.0+cu121")
    assert found["deepspeed"] == (0, 14, 4) and found["torch"] == (2, 4, 0)
    assert found.before("deepspeed", "0.17.1") and not found.before("torch", "2.4.0")
    for wrong in ("deepspeed", "deepspeed=new", "numpy=1.0"):
        with pytest.raises(ValueError, match="--versions"):
            find_versions(wrong)
