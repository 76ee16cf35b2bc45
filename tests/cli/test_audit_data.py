"""`mmvalidate audit`: data under the stage, the model, the template and the video settings of a training file."""

import json

import pytest
from PIL import Image

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
        ("sft", say("a", "b", kto_tag="yes"), {}, "GO", None),
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


@pytest.mark.parametrize(
    ("model", "template", "verdict", "tokens", "said"),
    [
        ("Qwen/Qwen2-VL-7B-Instruct", "qwen2_vl", "GO", 190, set()),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "qwen2_vl", "GO", 190, set()),
        ("Qwen/Qwen3-VL-4B-Instruct", "qwen3_vl_nothink", "GO", 145, set()),
        ("Qwen/Qwen3-VL-4B-Instruct", "qwen2_vl", "GO WITH WARNINGS", 156, {"CF038"}),
        ("Qwen/Qwen3-VL-4B-Instruct", "qwen3_vl", "GO WITH WARNINGS", 149, {"CF038"}),
        ("Qwen/Qwen3-VL-4B-Thinking", "qwen3_vl", "GO", 149, set()),
        ("Qwen/Qwen3.5-4B", "qwen3_5", "UNDECIDED", None, {"XX001"}),
        ("llava-hf/llava-1.5-7b-hf", "llava", "UNDECIDED", None, {"XX001"}),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "llama3", "NO-GO", None, {"CF013", "MD008"}),
        ("Qwen/Qwen2-VL-7B-Instruct", None, "NO-GO", None, {"CF013", "MD008"}),
        ("Qwen/Qwen2.5-0.5B-Instruct", "chatml", "NO-GO", None, {"CF013", "MD008"}),
    ],
)
def test_model_and_template_decide_the_counts(mmvalidate, tmp_path, model, template, verdict, tokens, said):
    Image.new("RGB", (448, 280), (40, 90, 160)).save(tmp_path / "a.png")
    rows = [say("<image>What is it?", "A sign.", images=["a.png"])]
    page = audit(mmvalidate, tmp_path, rows, model_name_or_path=model, template=template)
    assert (page["verdict"], page["cost"].get("tokens_per_epoch")) == (verdict, tokens)
    assert codes(page) & {"CF013", "CF037", "CF038", "MD008", "XX001"} == said
    assert page["exit_code"] == {"NO-GO": 1, "UNDECIDED": 3}.get(verdict, 0)


def test_pretraining_is_not_judged_as_answers(mmvalidate, tmp_path):
    """Rows without answers are what it is for."""
    entry = {"formatting": "alpaca", "columns": {"prompt": "text"}, "tags": {}}
    page = audit(mmvalidate, tmp_path, [{"text": "A long text."}] * 3, entry=entry, stage="pt")
    assert (page["verdict"], page["rows"]["unchecked"]) == ("UNDECIDED", 3)
    assert not codes(page) & {"CV009", "DI009"}


@pytest.mark.parametrize(
    ("template", "assumed"), [("qwen2_vl", "taken for a Qwen2-VL"), ("qwen3_vl_nothink", "taken for a Qwen3-VL")]
)
def test_what_is_taken_for_granted_is_said(mmvalidate, tmp_path, template, assumed):
    page = audit(mmvalidate, tmp_path, [say("a", "b")], model_name_or_path="saves/mine", template=template)
    assert page["assumed"].startswith(assumed)
