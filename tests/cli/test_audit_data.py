"""`mmvalidate audit`: data under the stage, the model, the template and the video settings of a training file."""

import json

import pytest

from tests.conftest import TAGS, say
from tests.oracle.videos import film

VERSIONS = ("--gpus", "1", "--versions", "deepspeed=0.19.8,torch=2.13.0,transformers=5.6.0")

TRAINING = {
    "model_name_or_path": "Qwen/Qwen2-VL-7B-Instruct",
    "stage": "sft",
    "do_train": True,
    "template": "qwen2_vl",
    "finetuning_type": "lora",
    "dataset_dir": ".",
    "dataset": "d",
    "output_dir": "out",
    "bf16": True,
}


def audit(mmvalidate, folder, rows, *, entry=None, **changes):
    """The page of a training file over some rows."""
    given = {**TRAINING, **changes}
    (folder / "train.yaml").write_text(json.dumps({key: value for key, value in given.items() if value is not None}))
    (folder / "rows.json").write_text(json.dumps(rows))
    columns = {name: name for name in rows[0]}
    described = {"file_name": "rows.json", "formatting": "sharegpt", "columns": columns, "tags": TAGS, **(entry or {})}
    (folder / "dataset_info.json").write_text(json.dumps({"d": described}))
    done = mmvalidate("audit", "train.yaml", *VERSIONS, "--workers", "0", "-q", "--json", cwd=folder)
    assert done.returncode in (0, 1, 3), done.stderr
    return json.loads(done.stdout)


def codes(page):
    return {reason["code"] for reason in page["reasons"]}


PAIR = {"messages": say("Rate it.")["messages"]} | {
    name: {"role": "assistant", "content": text} for name, text in (("chosen", "Clear."), ("rejected", "Ok."))
}


@pytest.mark.parametrize(
    ("stage", "row", "entry", "verdict", "said"),
    [
        ("sft", PAIR, {"ranking": True}, "NO-GO", "ValueError: The dataset is not applicable in the current training"),
        ("kto", PAIR, {"ranking": True}, "NO-GO", "ValueError: The dataset is not applicable in the current training"),
        ("dpo", PAIR, {"ranking": True}, "GO WITH WARNINGS", None),
        ("dpo", say("a", "b"), {}, "NO-GO", "ValueError: The dataset is not applicable in the current training stage."),
        ("kto", say("a", "b"), {}, "NO-GO", "RuntimeError: Cannot find valid samples, check `data/README.md`"),
        ("kto", say("a", "b", kto_tag=True), {}, "GO WITH WARNINGS", None),
        ("kto", say("a", "b", kto_tag="yes"), {}, "NO-GO", "RuntimeError: Cannot find valid samples"),
        ("sft", say("a", "b", kto_tag=True), {}, "NO-GO", "RuntimeError: Cannot find valid samples"),
        ("sft", say("a", "b", kto_tag="yes"), {}, "GO WITH WARNINGS", None),
    ],
)
def test_the_stage_and_the_kind_of_the_entries(mmvalidate, tmp_path, stage, row, entry, verdict, said):
    page = audit(mmvalidate, tmp_path, [row] * 3, entry=entry, stage=stage)
    assert page["verdict"] == verdict
    messages = [reason["message"] for reason in page["reasons"] if reason["code"] == "CF037"]
    assert said in messages[0] if said else not messages


@pytest.mark.parametrize(
    ("settings", "tokens"),
    [
        ({}, 207),
        ({"video_max_pixels": 16384}, 71),
        ({"video_fps": 1.0}, 119),
        ({"video_maxlen": 2}, 119),
    ],
)
def test_video_settings_are_those_of_the_training_file(mmvalidate, tmp_path, settings, tokens):
    """As LLaMA-Factory 0.9.5 counts, which tests/oracle asks."""
    film(tmp_path / "a.mp4", 50, 25, (320, 240))
    page = audit(mmvalidate, tmp_path, [say("<video>Read the sign.", "PIER 9", videos=["a.mp4"])], **settings)
    assert page["cost"]["tokens_per_epoch"] == tokens
    assert "CF022" not in codes(page)
