"""What a run resumes from: a checkpoint of its own, of another stage, or none."""

import json

import pytest

from tests.rules.training_runs import (
    NOW,
    SOUND,
    data,
)
from validator.auditing.case import training_case
from validator.auditing.judge import training_findings
from validator.training.config import make_config
from validator.training.versions import Versions


def checkpoint(folder, optimizer=True, **changes):
    state = {"global_step": 60, "max_steps": 60, "train_batch_size": 1, "log_history": [{"learning_rate": 5e-5}]}
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text(json.dumps(state | changes))
    if optimizer:
        (folder / "optimizer.pt").write_text("")


def said_of_resuming(given, gpus=1):
    case = training_case(make_config({**SOUND, **given}), Versions(NOW), gpus, data())
    return [item.code + " " + item.message for item in training_findings(case) if item.code in ("CF032", "CF033")]


def test_the_end_of_another_stage_is_resumed(tmp_path):
    checkpoint(tmp_path / "stage1")
    resume = {"resume_from_checkpoint": str(tmp_path / "stage1")}
    (said,) = said_of_resuming(resume)  # 20 rows, 3 epochs
    assert "its global_step is 60, and this run has 60 steps" in said
    assert said_of_resuming(resume | {"num_train_epochs": 2})[0].startswith("CF032")
    assert said_of_resuming(resume | {"max_steps": 60})[0].startswith("CF032")
    assert said_of_resuming(resume, gpus=None)[0].startswith("CF032")  # on more GPUs there are fewer steps
    assert said_of_resuming(resume | {"do_train": False}) == []
    assert said_of_resuming(resume | {"resume_from_checkpoint": str(tmp_path)}) == []  # no trainer_state.json there


def test_a_checkpoint_is_found_in_the_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    output = {"output_dir": "out", "num_train_epochs": 1}
    checkpoint(tmp_path / "out" / "checkpoint-9", global_step=9, max_steps=20)
    assert said_of_resuming(output) == []  # it was interrupted and goes on
    checkpoint(tmp_path / "out" / "checkpoint-20", global_step=20, max_steps=20)
    (tmp_path / "out" / "checkpoint-100").write_text("")
    (tmp_path / "out" / "model.safetensors").write_text("")
    (said,) = said_of_resuming(output)
    assert "`output_dir` holds out/checkpoint-20: its global_step is 20" in said
    assert said_of_resuming(output | {"resume_from_checkpoint": True}) == [
        said.replace("`output_dir` holds out", "`resume_from_checkpoint: out").replace(
            "checkpoint-20:", "checkpoint-20`:"
        )
    ]
    for way in ({"overwrite_output_dir": True}, {"resume_from_checkpoint": False}, {"stage": "rm"}):
        assert said_of_resuming(output | way) == []


def test_weights_without_a_checkpoint_stop_the_trainer(tmp_path):
    (tmp_path / "adapter_model.safetensors").write_text("")
    (said,) = said_of_resuming({"output_dir": str(tmp_path)})
    assert said.startswith("CF032") and "holds adapter_model.safetensors and no checkpoint" in said
    assert said_of_resuming({"output_dir": str(tmp_path), "overwrite_output_dir": True}) == []


@pytest.mark.parametrize(
    ("state", "changes", "words"),
    [
        ({}, {"per_device_train_batch_size": 2, "num_train_epochs": 6}, "it had batches of 1 rows, this run of 2"),
        ({}, {"num_train_epochs": 3}, "its run had 60 steps, this one has 57"),
        ({}, {"learning_rate": 1e-5}, "a learning rate of 5e-05, above `learning_rate` 1e-05"),
        ({"optimizer": False}, {}, "no optimizer state"),
        ({"log_history": None, "train_batch_size": "8"}, {}, None),
        ({"log_history": [{"learning_rate": 4.9e-5}, 3]}, {}, None),
    ],
)
def test_a_run_goes_on_with_other_settings(tmp_path, state, changes, words):
    checkpoint(tmp_path / "one", **{"global_step": 9, **state})
    given = {"resume_from_checkpoint": str(tmp_path / "one"), "learning_rate": 5e-5, "num_train_epochs": 3}
    if words and "57" in words:
        given["max_steps"] = 57
    found = said_of_resuming(given | changes)
    assert (words is None and found == []) or (len(found) == 1 and found[0].startswith("CF033") and words in found[0])
